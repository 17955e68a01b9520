#include "runtime/report/kernels_option.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "platforms/kernels/kernels.h"

namespace psephos {
namespace {

std::string runnable_names() {
  std::string names;
  for (const kernels::Kernels* table : kernels::runnable_kernels()) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", table->name);
  }
  return names;
}

}  // namespace

void add_kernels_option(CLI::App& app) {
  app.add_option_function<std::string>(
         "--kernels",
         [](const std::string& name) {
           if (kernels::use_kernels(name)) return;
           throw CLI::ValidationError(
               "--kernels",
               fmt::format("this processor cannot run '{}', but {}", name, runnable_names()));
         },
         "instructions to pack, count and apply with, of those that this\n"
         "processor has; results do not depend on it [the best]")
      ->type_name("NAME")
      ->envname(kernels::kKernelsVariable)
      ->configurable(false)
      ->group("Machine");
}

std::string version_text(const std::string& program) {
  return fmt::format("{} {}, kernels {} (this processor runs {})", program, PSEPHOS_VERSION,
                     kernels::kernels().name, runnable_names());
}

}  // namespace psephos
