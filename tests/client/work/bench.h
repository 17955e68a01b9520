#pragma once
// What the worker's tests share: a run over the quadratic model, and its arithmetic done beside the
// worker.

#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "client/gradient/batch.h"
#include "client/work/worker.h"
#include "runtime/replica/initial_parameters.h"
#include "tests/client/work/quadratic.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::client::testing {

inline constexpr std::uint32_t kD = 1100;  // a full block and a short one
inline constexpr std::uint32_t kSamples = 90;
inline constexpr PhiloxKey kKey{21, 6};

inline Scratch scratch;

inline wire::Welcome welcome_with(const std::function<void(Hyperparameters&)>& change = nullptr) {
  wire::Welcome welcome;
  welcome.run = 0xA11;
  welcome.tensors = quadratic_tensors(kD);
  welcome.hyper.worker = *parse_worker_rule("signsgd");
  welcome.terms.batch = 8;
  welcome.hyper.seed = 5;
  if (change) change(welcome.hyper);
  return welcome;
}

// What round `round` decides.
inline PackedSigns signs_at(std::uint32_t round) {
  return psephos::testing::signs_of(psephos::testing::random_text(kD, 20, round));
}

template <class Done>
Done perform(Worker& worker, Job job) {
  JobDone done = worker.perform(job, scratch);
  const auto* expected = std::get_if<Done>(&done);
  if (const auto* failed = std::get_if<JobFailed>(&done); failed && !expected) {
    ADD_FAILURE() << failed->text;
  }
  EXPECT_TRUE(expected);
  return expected ? *expected : Done{};
}

inline std::vector<float> x_0(const wire::Welcome& welcome) {
  std::vector<float> x(kD);
  fill_initial_parameters(welcome.tensors, welcome.hyper.seed, x);
  return x;
}

// The gradient that the worker must have asked for, computed beside it.
inline AlignedVector<float> gradient_of(std::span<const float> x,
                                        std::span<const std::uint32_t> batch) {
  Quadratic model(kD, kSamples);
  AlignedVector<float> gradient(kD);
  model.gradient(x, batch, gradient);
  return gradient;
}

// The ballot of `rule` ("sign") on v in `round`.
inline PackedSigns make_ballot(const BallotChoice& rule, std::span<const float> v, PhiloxKey key,
                               std::uint32_t round) {
  return rule.rule->make(rule.values)->ballot(v, {key, round, nullptr, {}});
}
inline PackedSigns make_ballot(std::string_view rule, std::span<const float> v, PhiloxKey key,
                               std::uint32_t round) {
  return make_ballot(parse_ballot_rule(rule).value(), v, key, round);
}

inline std::vector<std::uint32_t> batch_of(std::uint32_t round, std::uint32_t step,
                                           std::uint32_t size) {
  std::vector<std::uint32_t> batch;
  draw_batch(kKey, round, step, size, kSamples, batch);
  return batch;
}

}  // namespace psephos::client::testing
