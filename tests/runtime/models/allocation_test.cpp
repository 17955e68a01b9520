// Memory that models take: counted by replacing this program's operator new, which the library's
// calls find too. (Inlined, the compiler would see a free() without its malloc().)

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "runtime/models/model.h"
#include "tests/runtime/models/random_batch.h"

namespace {

std::atomic<std::size_t> allocations;

void* count(void* memory) {
  ++allocations;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  return count(std::malloc(size + (size == 0)));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return count(std::aligned_alloc(unit, (size / unit + 1) * unit));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace psephos {
namespace {

TEST(Allocation, EndsWithTheFirstBatchOfItsSize) {
  for (const char* words : {"softmax", "mlp:19,10", "cnn:3,5,7"}) {
    const auto model = std::move(make_model(words, 17 * 17, 10)).value();
    const AlignedVector<float> x = random_parameters(*model, 1);
    const RandomBatch small = random_batch(*model, 9, 2);
    const RandomBatch large = random_batch(*model, 80, 2);
    AlignedVector<float> gradient(model->parameters());

    const std::size_t before = allocations;
    model->gradient(x, large.inputs, large.labels, gradient);
    const std::size_t grown = allocations;
    for (const RandomBatch* batch : {&small, &large}) {
      model->gradient(x, batch->inputs, batch->labels, gradient);
      model->evaluate(x, batch->inputs, batch->labels);
    }
    const std::size_t after = allocations;
    EXPECT_GT(grown, before) << words << ": the counter does not see the library";
    EXPECT_EQ(after, grown) << words;
  }
}

}  // namespace
}  // namespace psephos
