#include <algorithm>
#include <cstring>

#include "platforms/kernels/bit_stream.h"
#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

// `quotient` zeros, then a one.
void write_unary(BitWriter& writer, std::uint64_t quotient) {
  for (; quotient >= 32; quotient -= 32) writer.write(0, 32);
  const auto zeros = static_cast<unsigned>(quotient);
  writer.write(std::uint32_t{1} << zeros, zeros + 1);
}

// Up to 8 bytes at `from`, the missing ones 0.
std::uint64_t load(const std::uint8_t* from, std::size_t bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, std::min<std::size_t>(bytes, sizeof value));
  return value;
}

}  // namespace

std::size_t rice_encode(const std::uint32_t* bits, std::size_t words, unsigned parameter,
                        std::uint8_t* remainders, std::uint8_t* quotients) {
  BitWriter remainder(remainders);
  BitWriter quotient(quotients);
  const std::uint32_t low = (std::uint32_t{1} << parameter) - 1;
  std::uint64_t next = 0;  // the place after the last set bit
  for (std::size_t w = 0; w < words; w += 2) {
    std::uint64_t pair = bits[w];
    if (w + 1 < words) pair |= std::uint64_t{bits[w + 1]} << 32;
    for (; pair != 0; pair &= pair - 1) {
      const std::uint64_t place =
          32 * std::uint64_t{w} + static_cast<unsigned>(std::countr_zero(pair));
      const std::uint64_t gap = place - next;
      next = place + 1;
      remainder.write(static_cast<std::uint32_t>(gap) & low, parameter);
      write_unary(quotient, gap >> parameter);
    }
  }
  remainder.finish();
  return static_cast<std::size_t>(quotient.finish() - quotients);
}

bool rice_decode(const RiceCode& code, std::uint32_t* bits, std::size_t words) {
  std::fill_n(bits, words, 0);
  BitReader remainders(code.remainders, code.remainder_bytes);
  const std::uint64_t places = 32 * std::uint64_t{words};
  // Before the one that ends code i stand the zeros of all quotients so far and i ones, so that
  // bit i of the plane is at 2^parameter * zeros + (remainders so far) + i.
  std::uint64_t ones = 0;
  std::uint64_t remainder_sum = 0;
  for (std::size_t at = 0; at < code.quotient_bytes; at += 8) {
    std::uint64_t chunk = load(code.quotients + at, code.quotient_bytes - at);
    for (; chunk != 0; chunk &= chunk - 1, ++ones) {
      const std::uint64_t zeros =
          8 * std::uint64_t{at} + static_cast<unsigned>(std::countr_zero(chunk)) - ones;
      remainder_sum += remainders.read(code.parameter);
      const std::uint64_t place = (zeros << code.parameter) + remainder_sum + ones;
      if (place >= places) return false;
      bits[place / 32] |= std::uint32_t{1} << (place % 32);
    }
  }
  return true;
}

}  // namespace psephos::kernels::portable
