#pragma once
// Which kernels a program computes with: chosen by the processor, or by whoever wants to compare.

#include <string>

#include "runtime/report/cli_fwd.h"

namespace psephos {

// --kernels NAME; also taken from PSEPHOS_KERNELS. This machine's business, so that no config file
// holds it: results do not depend on it.
void add_kernels_option(CLI::App& app);

// "PROGRAM 0.2.0, kernels avx2 (this processor runs portable, avx2)": what --version says.
std::string version_text(const std::string& program);

}  // namespace psephos
