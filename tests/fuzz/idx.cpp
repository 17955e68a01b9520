// runtime/data/idx.h with any bytes, plain or gzipped.

#include "runtime/data/idx.h"

#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace psephos;
  static MemoryFile file;
  file.hold({bytes, size});
  const auto images = read_idx_images(file.path());
  PSEPHOS_CHECK(!images || images->size() > 0, "what is read has samples");
  const auto labels = read_idx_labels(file.path());
  PSEPHOS_CHECK(!labels || labels->size() > 0, "what is read has samples");
  PSEPHOS_CHECK(!images || !labels, "a file is of one kind");
  return 0;
}
