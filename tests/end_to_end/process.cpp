#include "tests/end_to_end/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

namespace psephos::end_to_end {
namespace {

constexpr auto kPause = std::chrono::milliseconds(2);
constexpr int kCannotStart = 127;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void limit_files(std::uint64_t bytes) {
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, SIG_IGN);  // stays ignored in the new program: write() fails instead
}

// After fork(), in a process that may have had other threads: system calls only.
[[noreturn]] void become(char* const* arguments, const char* out, const char* err, pid_t parent,
                         const std::optional<std::uint64_t>& largest_file) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kCannotStart);  // it died before that took hold
  const int nothing = ::open("/dev/null", O_RDONLY);
  const int out_file = ::open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_file = ::open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (::dup2(nothing, STDIN_FILENO) < 0 || ::dup2(out_file, STDOUT_FILENO) < 0 ||
      ::dup2(err_file, STDERR_FILENO) < 0) {
    ::_exit(kCannotStart);
  }
  for (const int file : {nothing, out_file, err_file}) ::close(file);
  if (largest_file) limit_files(*largest_file);
  ::execv(arguments[0], arguments);
  ::_exit(kCannotStart);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& log,
                 std::optional<std::uint64_t> largest_file)
    : out_(log.string() + ".out"), err_(log.string() + ".err") {
  std::vector<char*> arguments;
  for (const std::string& word : command) {
    command_line_ += word + ' ';
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) become(arguments.data(), out_.c_str(), err_.c_str(), parent, largest_file);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      command_line_(std::move(other.command_line_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

Process::~Process() {
  if (pid_ < 0 || poll()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

bool Process::poll() {
  if (status_) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

int Process::wait(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!poll()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "still running: " << command_line_ << "\n" << out() << err();
      return -1;
    }
    std::this_thread::sleep_for(kPause);
  }
  return *status_;
}

std::string Process::out() const { return contents(out_); }
std::string Process::err() const { return contents(err_); }

void Process::wait_for_err(const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (err().find(text) == std::string::npos) {
    if (poll() || std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "never said \"" << text << "\": " << command_line_ << "\n" << out() << err();
      return;
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace psephos::end_to_end
