#pragma once
// A child process that cannot outlive its test: killed and reaped by the destructor, and by the
// kernel should the test itself die.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace psephos::end_to_end {

// Instrumented programs take their time.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kSlowness = 8;
#else
inline constexpr int kSlowness = 1;
#endif

// How long anything may take before a test gives up on it.
inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(30) * kSlowness;

class Process {
 public:
  // Starts `command` (a path and its arguments). stdout and stderr go to files beside `log` (its
  // name with .out and .err). With `largest_file` writing a file beyond so many bytes fails, as on
  // a full disk.
  Process(const std::vector<std::string>& command, const std::filesystem::path& log,
          std::optional<std::uint64_t> largest_file = std::nullopt);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  void signal(int number) const;
  bool running() { return !poll(); }

  // The exit status as a shell shows it (128 + the signal that ended it). When `patience` is over:
  // -1, and a test failure with what the process had said.
  int wait(std::chrono::milliseconds patience = kPatience);

  std::string out() const;  // what it has written so far
  std::string err() const;

  // Waits until stderr holds `text`; a test failure when it never comes.
  void wait_for_err(const std::string& text);

 private:
  bool poll();

  pid_t pid_ = -1;
  std::optional<int> status_;
  std::string command_line_;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

}  // namespace psephos::end_to_end
