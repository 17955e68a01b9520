#pragma once
// 64-byte-aligned buffers. Every buffer of floats, words or frame bytes comes from this allocator:
// kernels may then use aligned loads, and Eigen's sums, whose order depends on the address, are the
// same in every process.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define PSEPHOS_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PSEPHOS_ADDRESS_SANITIZER
#endif
#endif

namespace psephos {

// Words and floats go to the wire and to disk as they lie in memory. A port to a big-endian machine
// starts here.
static_assert(std::endian::native == std::endian::little, "Psephos needs a little-endian machine");

inline constexpr std::size_t kAlignment = 64;
static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= sizeof(void*) &&
                  kAlignment % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0,
              "moving up to the alignment leaves room for a pointer");

template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}

#ifdef PSEPHOS_ADDRESS_SANITIZER
  // It must see the first byte before a buffer and the first one after it.
  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{kAlignment}));
  }
  void deallocate(T* p, std::size_t) { ::operator delete (p, std::align_val_t{kAlignment}); }
#else
  // An ordinary allocation with room to move up: glibc's aligned one cuts what it does not need off
  // a larger chunk and frees that, which takes three times as long. The address of the allocation
  // stands right before the buffer.
  T* allocate(std::size_t n) {
    static_assert(alignof(T) <= kAlignment);
    constexpr std::size_t kMost = std::numeric_limits<std::ptrdiff_t>::max() - kAlignment;
    if (n > kMost / sizeof(T)) throw std::bad_array_new_length();
    auto* const allocated = static_cast<std::byte*>(::operator new(n * sizeof(T) + kAlignment));
    const std::size_t past = reinterpret_cast<std::uintptr_t>(allocated) % kAlignment;
    std::byte* const buffer = allocated + (kAlignment - past);
    std::memcpy(buffer - sizeof allocated, &allocated, sizeof allocated);
    return reinterpret_cast<T*>(buffer);
  }
  void deallocate(T* p, std::size_t) {
    void* allocated = nullptr;
    std::memcpy(&allocated, reinterpret_cast<std::byte*>(p) - sizeof allocated, sizeof allocated);
    ::operator delete(allocated);
  }
#endif

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
