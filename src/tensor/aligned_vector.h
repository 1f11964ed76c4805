// A std::vector whose memory begins at a cache line, so that full vectors never straddle two; and one for the
// packed weights of a model, which are many and written once.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace fulcrum {

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), kAlignment)); }
  void deallocate(T* memory, std::size_t) { ::operator delete(memory, kAlignment); }
  bool operator==(const CacheLineAllocator&) const = default;
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

// New values are whatever the memory held: to fill it with zeros first would take as long as to pack. Large
// memory asks for large pages, of which the system hands out 512 small ones at a time; the rest of the last
// one stays small, so that no more is taken than is used.
template <typename T>
struct UnfilledAllocator {
  using value_type = T;
  static constexpr std::size_t kLargePage = std::size_t{2} << 20;

  UnfilledAllocator() = default;
  template <typename U>
  UnfilledAllocator(const UnfilledAllocator<U>&) {}

  static constexpr std::align_val_t alignment(std::size_t bytes) {
    return std::align_val_t(bytes < kLargePage ? 64 : kLargePage);
  }
  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    void* memory = ::operator new(bytes, alignment(bytes));
    // Advice only: without large pages the same memory takes longer.
    if (bytes >= kLargePage) ::madvise(memory, bytes / kLargePage * kLargePage, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) { ::operator delete(memory, alignment(count * sizeof(T))); }
  template <typename U, typename... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    if constexpr (sizeof...(Arguments) == 0) {
      ::new (static_cast<void*>(at)) U;
    } else {
      ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
    }
  }
  bool operator==(const UnfilledAllocator&) const = default;
};

template <typename T>
using UnfilledVector = std::vector<T, UnfilledAllocator<T>>;

// For scratch that is kept between calls: at least `size` values, whatever they are.
template <typename T>
void grow(AlignedVector<T>& values, std::size_t size) {
  if (values.size() < size) values.resize(size);
}

}  // namespace fulcrum
