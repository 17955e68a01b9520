#include "runtime/base/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace psephos {
namespace {

std::atomic<int> count{0};
std::atomic<int> last_signal{0};
std::atomic<int> patience{0};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

extern "C" void psephos_on_signal(int signal) {
  last_signal = signal;
  if (++count >= patience) _exit(128 + signal);
}

}  // namespace

void catch_interrupts(int last_resort) {
  patience = last_resort;
  struct sigaction action {};
  action.sa_handler = psephos_on_signal;  // no SA_RESTART: poll() must return
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int interrupts() { return count; }

int interrupted_exit_status() { return last_signal == 0 ? 0 : 128 + last_signal; }

}  // namespace psephos
