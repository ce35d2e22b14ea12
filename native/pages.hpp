// Room for many numbers: in large pages where the system has them, as the first touch of each page costs more than its
// numbers do, and not set to 0 by `resize`.
#pragma once

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace glassnet {

template <class T>
struct LargePages {
    using value_type = T;
    static constexpr std::size_t PAGE = std::size_t(1) << 21;

    LargePages() = default;
    template <class U>
    LargePages(const LargePages<U> &) {}

    T *allocate(std::size_t count) {
        const std::size_t bytes = count * sizeof(T);
        if (bytes < PAGE) return static_cast<T *>(::operator new(bytes));
        void *const room = ::operator new(bytes, std::align_val_t(PAGE));
#ifdef __linux__
        madvise(room, bytes, MADV_HUGEPAGE);
#endif
        return static_cast<T *>(room);
    }
    void deallocate(T *room, std::size_t count) {
        if (count * sizeof(T) < PAGE) return ::operator delete(room);
        ::operator delete(room, std::align_val_t(PAGE));
    }
    template <class U>
    void construct(U *at) {
        ::new (static_cast<void *>(at)) U;
    }
    template <class U, class... Parts>
    void construct(U *at, Parts &&...parts) {
        ::new (static_cast<void *>(at)) U(std::forward<Parts>(parts)...);
    }
    bool operator==(const LargePages &) const { return true; }
    bool operator!=(const LargePages &) const { return false; }
};

template <class T>
using Many = std::vector<T, LargePages<T>>;

}  // namespace glassnet
