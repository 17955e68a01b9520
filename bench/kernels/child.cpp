#include "bench/kernels/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

extern char** environ;

namespace psephos::bench {
namespace {

constexpr std::size_t kMostOutput = 1 << 20;

// Everything that comes out of `descriptor`, which is closed at the end.
std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> piece{};
  while (text.size() < kMostOutput) {
    const ssize_t got = read(descriptor, piece.data(), piece.size());
    if (got == 0 || (got < 0 && errno != EINTR)) break;
    if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
  }
  close(descriptor);
  return text;
}

// Starts the command with its stdout going to `out`.
int start(const std::vector<std::string>& command, int out, pid_t& pid) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  const int failure =
      posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

}  // namespace

Result<std::vector<nlohmann::json>> json_lines_of(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{"cannot open a pipe"};
  pid_t pid = -1;
  const int failure = start(command, ends[1], pid);
  close(ends[1]);
  if (failure != 0) {
    close(ends[0]);
    return Error{fmt::format("cannot start {}: {}", command[0], std::strerror(failure))};
  }
  const std::string text = read_all(ends[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return Error{fmt::format("{} failed", fmt::join(command, " "))};
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(nlohmann::json::parse(line, nullptr, false));
    if (!lines.back().is_object()) {
      return Error{fmt::format("{} printed '{}', which is no JSON", command[0], line)};
    }
  }
  return lines;
}

}  // namespace psephos::bench
