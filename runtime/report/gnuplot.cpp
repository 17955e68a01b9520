#include "runtime/report/gnuplot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

namespace psephos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostSvgBytes = std::size_t{16} << 20;
constexpr std::size_t kMostComplaint = 160;
constexpr auto kPause = std::chrono::milliseconds(1);

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

Error cannot_start(int error) {
  if (error == ENOENT) return Error{"no pictures: gnuplot is not installed"};
  return Error{fmt::format("no pictures: gnuplot cannot be started: {}",
                           std::generic_category().message(error))};
}

// Started in a process group of its own (a Ctrl-C is ours to hear), with every signal as in a fresh
// shell: we ignore SIGPIPE, it shall not. An error is errno's.
Result<pid_t> spawn(int in, int out, int err) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
  sigset_t reset, none;
  sigemptyset(&none);
  sigemptyset(&reset);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD, SIGHUP}) sigaddset(&reset, signal);
  posix_spawnattr_setsigdefault(&attributes, &reset);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  // --default-settings: not with what the user's ~/.gnuplot says.
  std::array<std::string, 2> words = {"gnuplot", "--default-settings"};
  std::array<char*, 3> arguments = {words[0].data(), words[1].data(), nullptr};
  pid_t child = -1;
  const int error =
      ::posix_spawnp(&child, "gnuplot", &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return cannot_start(error);
  return child;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::lseek(fd, 0, SEEK_SET) == 0;
}

// What comes until the other end is closed; false at the deadline, or when it is too much.
bool read_all(int fd, Clock::time_point deadline, std::string& text) {
  std::array<char, 65'536> buffer;
  while (text.size() <= kMostSvgBytes) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(std::min<long long>(left, 1000))) <= 0) continue;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return false;
}

// Reaps the child, which gets until the deadline. Its wait status; 0 also where this process was
// told not to hear of its children.
std::optional<int> reap(pid_t child, Clock::time_point deadline) {
  while (true) {
    int status = 0;
    const pid_t reaped = ::waitpid(child, &status, WNOHANG);
    if (reaped == child) return status;
    if (reaped < 0 && errno != EINTR) return 0;
    if (Clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kPause);
  }
}

std::string first_complaint(int fd) {
  std::array<char, kMostComplaint> buffer;
  if (::lseek(fd, 0, SEEK_SET) != 0) return "";
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  std::string text(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

bool gnuplot_is_installed() {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (true) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string folder(rest.substr(0, end));
    if (::access((folder.empty() ? "./gnuplot" : folder + "/gnuplot").c_str(), X_OK) == 0) {
      return true;
    }
    if (end == rest.size()) return false;
    rest.remove_prefix(end + 1);
  }
}

Result<std::string> run_gnuplot(const std::string& script, Clock::time_point deadline) {
  Descriptor in(::memfd_create("psephos-plot", MFD_CLOEXEC));
  Descriptor complaints(::memfd_create("psephos-plot-errors", MFD_CLOEXEC));
  int ends[2] = {-1, -1};
  const bool piped = ::pipe2(ends, O_CLOEXEC) == 0;
  Descriptor out(ends[0]);
  Descriptor childs_out(ends[1]);
  if (in.get() < 0 || complaints.get() < 0 || !piped || !write_all(in.get(), script)) {
    return cannot_start(errno);
  }
  const auto child = spawn(in.get(), childs_out.get(), complaints.get());
  if (!child) return child.error();
  childs_out.close();

  std::string svg;
  const bool read = read_all(out.get(), deadline, svg);
  const auto status = read ? reap(*child, deadline) : std::nullopt;
  if (!status) {
    ::kill(-*child, SIGKILL);
    reap(*child, Clock::time_point::max());
    return Error{svg.size() > kMostSvgBytes
                     ? "no pictures: gnuplot made one without end and was stopped"
                     : "no pictures: gnuplot did not come to an end and was stopped"};
  }
  if (*status != 0 || !svg.starts_with("<?xml") || svg.find("</svg>") == std::string::npos) {
    const std::string complaint = first_complaint(complaints.get());
    return Error{"no pictures: gnuplot failed" +
                 (complaint.empty() ? "" : fmt::format(" ({})", complaint))};
  }
  return svg;
}

}  // namespace psephos
