// A std::vector whose memory begins at a cache line, so that full vectors never straddle two; and one for the
// packed weights of a model, which are many and written once.
#pragma once

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

// New values are whatever the memory held: to fill it with zeros first would take as long as to pack. It asks
// for no large pages: measured, they cost a file of 1 GB a second until its first token (docs/LOG.md).
template <typename T>
struct UnfilledAllocator {
  using value_type = T;

  UnfilledAllocator() = default;
  template <typename U>
  UnfilledAllocator(const UnfilledAllocator<U>&) {}

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T* memory, std::size_t) { ::operator delete(memory, std::align_val_t(64)); }
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
