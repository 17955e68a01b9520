#include "runtime/models/model.h"

#include <fmt/format.h>

#include <Eigen/Core>

#include "runtime/models/network.h"
#include "runtime/models/network_shape.h"

namespace psephos {
namespace {

// Eigen's words are "SSE, SSE2" or "AVX SSE, SSE2, ..."; of those with AVX only the one for AVX-512
// names FMA.
std::string instruction_sets() {
  std::string sets;
  for (const char* c = Eigen::SimdInstructionSetsInUse(); *c != '\0'; ++c) {
    if (*c == ',') continue;
    sets += *c == ' ' ? '+' : static_cast<char>(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
  }
#ifdef EIGEN_HAS_SINGLE_INSTRUCTION_MADD
  if (sets.find("fma") == std::string::npos) sets += "+fma";
#endif
  return sets;
}

}  // namespace

Model::~Model() = default;

Result<std::unique_ptr<Model>> make_model(std::string_view words, std::size_t features,
                                          std::size_t classes) {
  const Result<NetworkShape> shape = parse_network(words, features, classes);
  if (!shape) return shape.error();
  return std::unique_ptr<Model>(std::make_unique<Network>(*shape));
}

std::string arithmetic_set() {
  return fmt::format("{}/eigen-{}.{}.{}-{}", PSEPHOS_ARCHITECTURE, EIGEN_WORLD_VERSION,
                     EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION, instruction_sets());
}

}  // namespace psephos
