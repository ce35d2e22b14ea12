// Numbers in a row, aligned to a cache line and 0 to begin with.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace glassnet {

template <class T>
class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(long count) : count_(count) {
        if (count <= 0) return;
        const std::size_t bytes = (std::size_t(count) * sizeof(T) + 63) / 64 * 64;
        data_ = static_cast<T *>(::operator new(bytes, std::align_val_t(64)));
        std::memset(data_, 0, bytes);
    }
    Buffer(Buffer &&other) noexcept : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
    Buffer &operator=(Buffer &&other) noexcept {
        std::swap(data_, other.data_);
        std::swap(count_, other.count_);
        return *this;
    }
    ~Buffer() { ::operator delete(data_, std::align_val_t(64)); }

    T *data() { return data_; }
    const T *data() const { return data_; }
    long size() const { return count_; }
    void clear() {
        if (count_) std::memset(data_, 0, std::size_t(count_) * sizeof(T));
    }

  private:
    T *data_ = nullptr;
    long count_ = 0;
};

}  // namespace glassnet
