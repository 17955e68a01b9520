#pragma once
// One ternary value per parameter, packed: a ballot's votes or a coordinator's decision.

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/signs/layout.h"

namespace psephos {

// Canonical: where `voted` is 0 the sign bit is 0, bits past the last parameter are 0, and a
// `voted` plane that is all ones is left empty. Equal votes are then equal bytes.
struct PackedSigns {
  std::size_t parameters = 0;
  AlignedVector<std::uint32_t> signs;  // W = word_count(parameters) words; 1 = negative
  AlignedVector<std::uint32_t> voted;  // W words, or empty: every parameter is voted on

  bool all_voted() const { return voted.empty(); }
  std::uint64_t voted_count() const;

  // -1, 0 or +1 for parameter i. For tests and small reports: a kernel reads whole planes.
  int at(std::size_t i) const;

  bool operator==(const PackedSigns&) const = default;
};

// Packed signs that somebody else owns, canonical as well; e.g. planes still in the frame that
// brought them.
struct SignsView {
  std::size_t parameters = 0;
  std::span<const std::uint32_t> signs;  // W words
  std::span<const std::uint32_t> voted;  // W words, or empty: every parameter is voted on

  SignsView(std::size_t d, std::span<const std::uint32_t> sign_plane,
            std::span<const std::uint32_t> voted_plane)
      : parameters(d), signs(sign_plane), voted(voted_plane) {}
  SignsView(const PackedSigns& owned) : SignsView(owned.parameters, owned.signs, owned.voted) {}

  bool all_voted() const { return voted.empty(); }
};

// Drops the voted plane if it is all ones. The kernels keep the rest of the canonical form.
void make_canonical(PackedSigns& signs);

}  // namespace psephos
