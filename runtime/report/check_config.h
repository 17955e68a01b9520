#pragma once
// "PROGRAM check-config FILE [FLAG...]": what "PROGRAM --config FILE [FLAG...]" would run, or why
// it would not. Reads that file alone and changes nothing.

#include <functional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/report/cli_fwd.h"
#include "runtime/report/config_file.h"
#include "runtime/report/options.h"

namespace psephos {

inline constexpr const char* kCheckConfig = "check-config";

// `app` has the program's flags, --config among them (filling `source`). `describe` tells, from
// what they hold then, a paragraph without a final newline, or which of them is wrong.
// argv[0] is kCheckConfig. The program's exit status.
int check_config_main(CLI::App& app, const ConfigSource& source, int argc, const char* const* argv,
                      const std::function<Result<std::string>()>& describe);

// "mlp:128 on fashion-mnist, 600 rounds of signum (ballot sign, ...)": for such a paragraph.
std::string training_in_words(const RunOptions& run);

}  // namespace psephos
