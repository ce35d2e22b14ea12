// A few threads that do the same kind of work again and again, without being made anew each time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace glassnet {

class Team {
  public:
    explicit Team(int threads) {
        for (int i = 1; i < threads; ++i) others_.emplace_back([this, i] { wait_and_work(i); });
    }
    ~Team() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            over_ = true;
        }
        begin_.notify_all();
        for (std::thread &each : others_) each.join();
    }
    Team(const Team &) = delete;
    Team &operator=(const Team &) = delete;

    int size() const { return int(others_.size()) + 1; }

    // work(item, worker) for each item below `count`, by whichever worker is free; returns when all are done.
    void run(long count, const std::function<void(long, int)> &work) {
        if (others_.empty() || count < 2) {
            for (long item = 0; item < count; ++item) work(item, 0);
            return;
        }
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            work_ = &work, count_ = count, next_ = 0, busy_ = int(others_.size());
            ++round_;
        }
        begin_.notify_all();
        take(0);
        std::unique_lock<std::mutex> lock(mutex_);
        end_.wait(lock, [this] { return busy_ == 0; });
    }

  private:
    std::vector<std::thread> others_;
    std::mutex mutex_;
    std::condition_variable begin_, end_;
    const std::function<void(long, int)> *work_ = nullptr;
    std::atomic<long> next_{0};
    long count_ = 0, round_ = 0;
    int busy_ = 0;
    bool over_ = false;

    void take(int worker) {
        for (long item = next_++; item < count_; item = next_++) (*work_)(item, worker);
    }

    void wait_and_work(int worker) {
        for (long seen = 0;;) {
            {
                std::unique_lock<std::mutex> lock(mutex_);
                begin_.wait(lock, [&] { return over_ || round_ != seen; });
                if (over_) return;
                seen = round_;
            }
            take(worker);
            const std::lock_guard<std::mutex> lock(mutex_);
            if (--busy_ == 0) end_.notify_one();
        }
    }
};

}  // namespace glassnet
