#pragma once
// What the end-to-end tests share: a scratch folder, the programs started in it, and readers
// for what they leave behind.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/end_to_end/process.h"

namespace psephos::end_to_end {

using Flags = std::vector<std::string>;

// One after the other.
Flags operator+(Flags first, const Flags& second);
// "--rounds 60 --seed 3" as a list.
Flags words(const std::string& text);

std::string read_text(const std::filesystem::path& path);
std::vector<std::string> lines_of(const std::string& text);

// A table with a header line, rows as they are in the file.
struct Csv {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  // Fails the test and gives "" where there is no such field.
  std::string at(std::size_t row, const std::string& column) const;
};
Csv read_csv(const std::filesystem::path& path);

class EndToEnd : public ::testing::Test {
 protected:
  EndToEnd();
  ~EndToEnd() override;

  std::filesystem::path path(const std::string& name) const { return scratch_ / name; }

  // Each start gets its own log; `run` has no shell in between.
  Process start_coordinator(const Flags& flags, std::optional<std::uint64_t> largest_file = {});
  Process start_client(const Flags& flags, std::optional<std::uint64_t> largest_file = {});
  Process start_keygen(const Flags& flags, std::optional<std::uint64_t> largest_file = {});
  Process start_simulate(const Flags& flags, std::optional<std::uint64_t> largest_file = {});
  Process start_ledger(const Flags& flags);
  // The client of tests/examples/own_model.
  Process start_own_model(const Flags& flags);

  // A coordinator on a free port of 127.0.0.1 that keeps its run in path(folder); returns once
  // clients can connect. Sets endpoint().
  Process lead(const Flags& flags, const std::string& folder = "run");
  // A client of that coordinator, holding `part` of `parts`.
  Process join(int part, int parts, const Flags& flags);
  const std::string& endpoint() const { return endpoint_; }

  // summary.json of the run in path(folder).
  nlohmann::json summary(const std::string& folder = "run") const;

  // The newest row of the run's metrics.csv, while it grows.
  struct Progress {
    std::uint32_t round = 0;
    std::uint32_t voters = 0;
  };
  Progress progress(const std::string& folder = "run") const;
  // Waits until the newest row is as wanted; a test failure, and false, when it never is.
  bool wait_until(const std::function<bool(const Progress&)>& wanted,
                  const std::string& folder = "run") const;
  bool wait_for_round(std::uint32_t round, const std::string& folder = "run") const;
  bool wait_for_voters(std::uint32_t voters, const std::string& folder = "run") const;

 private:
  Process start(const char* program, const Flags& flags, std::optional<std::uint64_t> largest_file);

  std::filesystem::path scratch_;
  std::string endpoint_;
  int started_ = 0;
};

// The sixteen hex digits after "fingerprint" in what a program printed; "" when there are none.
std::string fingerprint_in(const std::string& text);

}  // namespace psephos::end_to_end
