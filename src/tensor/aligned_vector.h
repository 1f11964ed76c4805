// A std::vector whose memory begins at a cache line, so that full vectors never straddle two.
#pragma once

#include <cstddef>
#include <new>
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

// For scratch that is kept between calls: at least `size` values, whatever they are.
template <typename T>
void grow(AlignedVector<T>& values, std::size_t size) {
  if (values.size() < size) values.resize(size);
}

}  // namespace fulcrum
