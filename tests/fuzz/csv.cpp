// runtime/data/csv_samples.h, and runtime/formats below it, with any bytes.

#include "runtime/data/csv_samples.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace psephos;
  static MemoryFile file;
  file.hold({bytes, size});
  for (const char* label_column : {"label", "2"}) {
    const auto samples = read_csv_samples(file.path(), label_column);
    if (!samples) continue;
    PSEPHOS_CHECK(samples->size() > 0 && samples->features.rows() == samples->size(),
                  "a row of features for each label");
    PSEPHOS_CHECK(samples->features.columns() > 0, "labels are not all there is");
  }
  return 0;
}
