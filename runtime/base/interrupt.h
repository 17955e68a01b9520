#pragma once
// Ctrl-C and SIGTERM as something to ask about. Signals are process-wide, hence the only
// process-wide state of Psephos lives here.

namespace psephos {

// From now on SIGINT and SIGTERM are counted instead of ending the process. Interrupted system
// calls return, so a loop that waits in poll() gets to look. The `last_resort`-th one ends the
// process at once, with the exit status that interrupted_exit_status() would give: who asks that
// often does not want to wait for a gradient. SIGPIPE is ignored.
void catch_interrupts(int last_resort);

// How often one of them arrived.
int interrupts();

// 128 + the signal that arrived last, the exit status shells expect; 0 when none did.
int interrupted_exit_status();

}  // namespace psephos
