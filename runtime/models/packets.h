#pragma once
// Registers of floats, as Eigen sees them: for loops that must not depend on what the compiler
// finds worth vectorising. Included by .cpp files of this room only.

#include <Eigen/Core>
#include <cstddef>

namespace psephos {

namespace packets = Eigen::internal;

using FullPacket = packets::packet_traits<float>::type;
using HalfPacket = packets::packet_traits<float>::half;  // or Full again

template <class Packet>
inline constexpr std::size_t kPacketFloats = packets::unpacket_traits<Packet>::size;

// body.operator()<Packet>(i) for i = 0 to count: by whole registers first, then float by float.
template <class Body>
[[gnu::always_inline]] inline void by_packets(std::size_t count, const Body& body) {
  std::size_t i = 0;
  for (; i + kPacketFloats<FullPacket> <= count; i += kPacketFloats<FullPacket>) {
    body.template operator()<FullPacket>(i);
  }
  for (; i < count; ++i) body.template operator()<float>(i);
}

}  // namespace psephos
