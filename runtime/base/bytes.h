#pragma once
// 64-byte-aligned buffers. Every buffer of floats, words or frame bytes comes from this allocator:
// kernels may then use aligned loads, and Eigen's sums, whose order depends on the address, are the
// same in every process.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace psephos {

// Words and floats go to the wire and to disk as they lie in memory. A port to a big-endian machine
// starts here.
static_assert(std::endian::native == std::endian::little, "Psephos needs a little-endian machine");

inline constexpr std::size_t kAlignment = 64;

template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}

  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{kAlignment}));
  }
  void deallocate(T* p, std::size_t) { ::operator delete (p, std::align_val_t{kAlignment}); }

  template <class U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

using Bytes = AlignedVector<std::uint8_t>;

// One encoded message. Shared because a broadcast hands one frame to many peers; never changed
// after it is built.
using Frame = std::shared_ptr<const Bytes>;

}  // namespace psephos
