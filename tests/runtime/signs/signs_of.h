#pragma once
// Packed signs from what a person can read, the slow way: for tests.

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/philox.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/packed_signs.h"

namespace psephos::testing {

// One character per parameter, '+', '-' or '0', expanded from the rules that tests/vectors/ uses.
inline std::string expand(const std::string& signs) {
  const std::size_t colon = signs.find(':');
  if (colon == std::string::npos) return signs;
  const std::string rule = signs.substr(0, colon);
  std::string all(std::stoul(signs.substr(colon + 1)), '+');
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t rest = i * i % 7;
    if (rest == 1 || rest == 2) all[i] = '-';
    if (rule == "ternary" && i % 3 == 0) all[i] = '0';
    if (rule == "sparse" && i * i % 11 != 3) all[i] = '0';
    if (rule == "dense" && i * i % 23 == 3) all[i] = '0';
    if (rule == "turned" && i % 29 == 3) all[i] = all[i] == '+' ? '-' : '+';
    if (rule == "turned" && (i * i % 23 == 3) != (i % 211 == 7)) all[i] = '0';
  }
  return all;
}

inline PackedSigns signs_of(const std::string& text) {
  PackedSigns signs{text.size(), AlignedVector<std::uint32_t>(word_count(text.size()), 0),
                    AlignedVector<std::uint32_t>(word_count(text.size()), 0)};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const BitPosition p = bit_position(i, text.size());
    if (text[i] == '-') signs.signs[p.word] |= std::uint32_t{1} << p.bit;
    if (text[i] != '0') signs.voted[p.word] |= std::uint32_t{1} << p.bit;
  }
  make_canonical(signs);
  return signs;
}

// A random ballot of `parameters` votes of which about `abstain_percent` are 0.
inline std::string random_text(std::size_t parameters, std::uint32_t abstain_percent,
                               std::uint32_t seed) {
  std::string text(parameters, '+');
  for (std::size_t i = 0; i < parameters; ++i) {
    const std::uint32_t word = philox_word({seed, 0}, 0, Purpose::kFault, i);
    if ((word & 1) != 0) text[i] = '-';
    if (below(word, 100) < abstain_percent) text[i] = '0';
  }
  return text;
}

inline Bytes bytes_of(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// The words of every line of a file under tests/vectors/, comments left out.
inline std::vector<std::vector<std::string>> vector_lines(const std::string& name) {
  std::ifstream file(std::string(PSEPHOS_SOURCE_DIR "/tests/vectors/") + name);
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    lines.push_back(words);
  }
  return lines;
}

// As a ballot that was found good.
inline HeldSigns held(PackedSigns signs) {
  const auto kept = std::make_shared<const PackedSigns>(std::move(signs));
  return {*kept, kept, kept->voted_count()};
}

}  // namespace psephos::testing
