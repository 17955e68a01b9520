// What a vote costs on the wire at the sizes of real models.

#include <gtest/gtest.h>

#include "tests/simulator/small_world.h"

namespace psephos::simulator {
namespace {

// Fashion-MNIST's shape, without its images.
DatasetRef image_sized() {
  Dataset dataset;
  dataset.name = "image-sized";
  dataset.features = 784;
  dataset.classes = 10;
  for (Samples* samples : {&dataset.train, &dataset.test}) {
    FeatureTable::ByteTable features = xt::zeros<std::uint8_t>({60, 784});
    samples->labels = xt::zeros<std::uint8_t>({60});
    for (std::size_t i = 0; i < 60; ++i) {
      samples->labels(i) = static_cast<std::uint8_t>(i % 10);
      for (std::size_t f = 0; f < 784; ++f) {
        features(i, f) =
            static_cast<std::uint8_t>(philox_word({1, 2}, 0, Purpose::kFault, 784 * i + f));
      }
    }
    samples->features = std::move(features);
  }
  return std::make_shared<const Dataset>(std::move(dataset));
}

Summary run(const std::string& model, Downlink downlink) {
  RunConfig config = small_config(1, 4, 5);
  config.hyper.model = model;
  config.downlink = downlink;
  SmallWorld small(config, 4, {}, {}, 2, {}, 0, attacks().first(), image_sized());
  small.world->run();
  return small.world->coordinator().summary();
}

TEST(Traffic, BinaryVotesCostOneBitPerParameterEitherWay) {
  const struct {
    const char* model;
    std::uint64_t d;
  } models[] = {{"softmax", 7'850}, {"mlp:128", 101'770}};
  for (const auto& [model, d] : models) {
    const Summary binary = run(model, Downlink::kBinary);
    ASSERT_EQ(binary.d, d);
    EXPECT_LE(binary.bits_up_per_parameter, 1.01) << model;
    EXPECT_GE(binary.bits_up_per_parameter, 1.0) << model;
    EXPECT_LE(binary.bits_down_per_parameter, 1.01) << model;
    EXPECT_LE(binary.frame_overhead_up, 96u) << model;
    EXPECT_LE(binary.frame_overhead_down, 160u) << model;
    const Summary ternary = run(model, Downlink::kTernary);
    EXPECT_LE(ternary.bits_up_per_parameter, 1.01) << model;
    EXPECT_LE(ternary.bits_down_per_parameter, 1.61) << model;
    EXPECT_LE(ternary.frame_overhead_down, 160u) << model;
  }
}

TEST(Traffic, EveryByteOfEveryFrameIsAccountedFor) {
  const Summary summary = run("softmax", Downlink::kBinary);
  const std::uint64_t planes = 4 * word_count(7'850);
  // 4 clients, 5 rounds: ballots up and decisions down, and the few small frames around them.
  EXPECT_GT(summary.bytes_up, 4 * 5 * planes);
  EXPECT_LT(summary.bytes_up, 4 * 5 * (planes + 96) + 4 * 400);
  EXPECT_GT(summary.bytes_down, 4 * 5 * planes);
  EXPECT_LT(summary.bytes_down, 4 * 5 * (planes + 160) + 4 * 1200);
}

}  // namespace
}  // namespace psephos::simulator
