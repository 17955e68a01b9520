#pragma once
// A string of bits in bytes, first bit lowest: what the signs of voted parameters and Rice codes
// are on the wire. Private to the kernels.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace psephos::kernels {

// Appends up to 32 bits at a time to memory that the caller has sized.
class BitWriter {
 public:
  explicit BitWriter(std::uint8_t* out) : out_(out) {}

  // Bits of `bits` from `count` up are 0.
  void write(std::uint32_t bits, unsigned count) {
    pending_ |= std::uint64_t{bits} << held_;
    held_ += count;
    if (held_ >= 32) put(4);
  }

  // Writes what is left, the last byte filled up with 0. Returns the end of the bytes written.
  std::uint8_t* finish() {
    while (held_ > 0) put(1);
    return out_;
  }

 private:
  void put(unsigned bytes) {
    std::memcpy(out_, &pending_, bytes);
    out_ += bytes;
    pending_ >>= 8 * bytes;
    held_ = held_ > 8 * bytes ? held_ - 8 * bytes : 0;
  }

  std::uint8_t* out_;
  std::uint64_t pending_ = 0;
  unsigned held_ = 0;
};

// Reads up to 32 bits at a time. The caller has checked that they are there.
class BitReader {
 public:
  BitReader(const std::uint8_t* in, std::size_t size) : in_(in), left_(size) {}

  std::uint32_t read(unsigned count) {
    if (held_ < count) fill();
    const auto bits = static_cast<std::uint32_t>(pending_ & ((std::uint64_t{1} << count) - 1));
    pending_ >>= count;
    held_ -= count;
    return bits;
  }

 private:
  void fill() {
    const std::size_t bytes = left_ < 4 ? left_ : 4;
    std::uint32_t next = 0;
    std::memcpy(&next, in_, bytes);
    in_ += bytes;
    left_ -= bytes;
    pending_ |= std::uint64_t{next} << held_;
    held_ += static_cast<unsigned>(8 * bytes);
  }

  const std::uint8_t* in_;
  std::size_t left_;
  std::uint64_t pending_ = 0;
  unsigned held_ = 0;
};

}  // namespace psephos::kernels
