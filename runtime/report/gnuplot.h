#pragma once
// gnuplot as a child process, without a shell: the script on its stdin, the picture on its stdout.
// No path and no text of a stranger's ever is a part of a command.

#include <chrono>
#include <string>

#include "runtime/base/result.h"

namespace psephos {

// Is there a program of that name in PATH?
bool gnuplot_is_installed();

// The SVG that gnuplot, found in PATH, makes of `script` (commands and data). At the deadline the
// child is killed. The error is a whole line for a log: "no pictures: gnuplot is not installed".
Result<std::string> run_gnuplot(const std::string& script,
                                std::chrono::steady_clock::time_point deadline);

}  // namespace psephos
