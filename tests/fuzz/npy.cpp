// runtime/data/npy_samples.h, and runtime/formats/npy.h below it, with any bytes.

#include <algorithm>
#include <cmath>

#include "runtime/data/npy_samples.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace psephos;
  static MemoryFile file;
  file.hold({bytes, size});
  const auto features = read_npy_features(file.path());
  if (features) {
    const std::size_t values = features->rows() * features->columns();
    PSEPHOS_CHECK(values > 0 && values <= size, "as many values as the file has bytes for");
    if (const auto* floats = features->floats()) {
      PSEPHOS_CHECK(std::all_of(floats->begin(), floats->end(),
                                [](float value) { return std::isfinite(value); }),
                    "floats are finite");
    }
  }
  const auto labels = read_npy_labels(file.path());
  PSEPHOS_CHECK(!labels || (labels->size() > 0 && labels->size() <= size), "a label is a byte");
  return 0;
}
