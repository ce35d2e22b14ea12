// A few threads that do the same kind of work again and again, without being made anew each time.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace glassnet {

class Team {
  public:
    // So many threads, the caller's own among them; fewer where the system gives no more.
    explicit Team(int threads) {
        try {
            for (int i = 1; i < threads; ++i) others_.emplace_back([this, i] { wait_and_work(i); });
        } catch (const std::system_error &) {
        }
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

    // work(item, worker) for each item below `count`, by whichever worker is free; returns when all are done. After an
    // exception no other item is begun, and it comes out here.
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
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
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
    std::exception_ptr error_;  // the first

    void take(int worker) {
        try {
            for (long item = next_++; item < count_; item = next_++) (*work_)(item, worker);
        } catch (...) {
            next_ = count_;
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!error_) error_ = std::current_exception();
        }
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

// Calls work(piece, worker) once for each piece, by a team that is there for this alone.
template <class Work>
void in_parallel(std::size_t pieces, int threads, Work &&work) {
    Team(int(std::min(pieces, std::size_t(std::max(threads, 1))))).run(long(pieces), [&](long piece, int worker) {
        work(std::size_t(piece), worker);
    });
}

}  // namespace glassnet
