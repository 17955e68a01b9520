#pragma once
// Reads WIRE.md the way a stranger's tool would: fenced blocks "```psephos-example name=NAME" of
// lines "key: value", and tables of "| name | value | ... |".

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/runtime/wire/hex.h"

namespace psephos::wire::testing {

inline std::vector<std::string> wire_md_lines() {
  std::ifstream file(PSEPHOS_SOURCE_DIR "/schemas/WIRE.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// An example's bytes as the floats that they are.
inline AlignedVector<float> floats(const Bytes& bytes) {
  AlignedVector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// One worked example.
class WireExample {
 public:
  void set(const std::string& key, const std::string& value) { values_[key] = value; }

  std::string text(const std::string& key) const {
    const auto found = values_.find(key);
    EXPECT_NE(found, values_.end()) << "no " << key;
    return found == values_.end() ? "" : found->second;
  }
  std::uint64_t number(const std::string& key) const { return std::stoull(text(key)); }
  std::uint32_t word(const std::string& key) const {
    return static_cast<std::uint32_t>(number(key));
  }
  std::uint64_t hex_number(const std::string& key) const {
    return std::stoull(text(key), nullptr, 16);
  }
  const std::map<std::string, std::string>& all() const { return values_; }
  Bytes bytes(const std::string& key) const { return from_hex(text(key)); }

  float real(const std::string& key) const { return std::stof(text(key)); }
  std::vector<float> reals(const std::string& key) const {
    std::vector<float> values;
    for (const std::string& item : list(key)) values.push_back(std::stof(item));
    return values;
  }
  std::vector<std::uint32_t> words(const std::string& key) const {
    std::vector<std::uint32_t> values;
    for (const std::string& item : list(key)) {
      values.push_back(static_cast<std::uint32_t>(std::stoul(item)));
    }
    return values;
  }

  // The words of a value, between spaces.
  std::vector<std::string> list(const std::string& key) const {
    std::vector<std::string> items;
    std::string item;
    for (const char c : text(key) + " ") {
      if (c != ' ') {
        item += c;
      } else if (!item.empty()) {
        items.push_back(std::exchange(item, {}));
      }
    }
    return items;
  }

 private:
  std::map<std::string, std::string> values_;
};

inline std::map<std::string, WireExample> wire_examples() {
  const std::string opening = "```psephos-example name=";
  std::map<std::string, WireExample> examples;
  WireExample* current = nullptr;
  for (const std::string& line : wire_md_lines()) {
    if (line.starts_with(opening)) {
      const std::string name = line.substr(opening.size());
      EXPECT_FALSE(examples.contains(name)) << "two examples named " << name;
      current = &examples[name];
    } else if (line.starts_with("```")) {
      current = nullptr;
    } else if (current != nullptr) {
      const std::size_t colon = line.find(": ");
      EXPECT_NE(colon, line.npos) << line;
      if (colon != line.npos) current->set(line.substr(0, colon), line.substr(colon + 2));
    }
  }
  return examples;
}

// "70=1.12" split at the given separators: {70, 1, 12}.
inline std::vector<std::uint32_t> numbers_between(const std::string& text,
                                                  const std::string& separators) {
  std::vector<std::uint32_t> numbers;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    numbers.push_back(static_cast<std::uint32_t>(std::stoul(text.substr(begin, end - begin))));
    begin = end + 1;
  }
  return numbers;
}

}  // namespace psephos::wire::testing
