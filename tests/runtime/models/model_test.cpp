#include "runtime/models/model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "runtime/signs/layout.h"
#include "tests/contains.h"

namespace psephos {
namespace {

using psephos::testing::contains;

std::string error_of(const std::string& words, std::size_t features = 784,
                     std::size_t classes = 10) {
  const Result<std::unique_ptr<Model>> model = make_model(words, features, classes);
  return model.ok() ? "no error" : model.error().text;
}

std::size_t parameters_of(const std::string& words) {
  return make_model(words, 784, 10).value()->parameters();
}

TEST(MakeModel, CountsTheParametersOfKnownModels) {
  EXPECT_EQ(parameters_of("softmax"), 7'850u);
  EXPECT_EQ(parameters_of("mlp:128"), 101'770u);
  EXPECT_EQ(parameters_of("mlp:256,128"), 235'146u);
  EXPECT_EQ(parameters_of("cnn"), 80'202u);
  EXPECT_EQ(parameters_of("cnn:16,32,128"), 80'202u);
  EXPECT_EQ(parameters_of("cnn:6,16,120"), 6 * 26u + 16 * 151 + 120 * 257 + 10 * 121);
}

TEST(MakeModel, LaysTensorsOutInOrder) {
  const auto model = std::move(make_model("mlp:128", 784, 10)).value();
  const float first = static_cast<float>(std::sqrt(6 / (784.0 + 128)));
  const float second = static_cast<float>(std::sqrt(6 / (128.0 + 10)));
  const TensorTable expected{{"layer0.weight", 0, 784 * 128, first},
                             {"layer0.bias", 784 * 128, 128, 0},
                             {"layer1.weight", 784 * 128 + 128, 1280, second},
                             {"layer1.bias", 784 * 128 + 128 + 1280, 10, 0}};
  EXPECT_EQ(model->tensors(), expected);
  EXPECT_TRUE(check_tensor_table(model->tensors(), kMaxParameters).ok());
  EXPECT_EQ(model->parameters(), parameter_count(model->tensors()));
  EXPECT_EQ(model->features(), 784u);
  EXPECT_EQ(model->classes(), 10u);
}

TEST(MakeModel, LaysFiltersOutBeforeLayers) {
  const auto model = std::move(make_model("cnn", 784, 10)).value();
  const auto scale = [](double fan_in, double fan_out) {
    return static_cast<float>(std::sqrt(6 / (fan_in + fan_out)));
  };
  const TensorTable expected{
      {"layer0.weight", 0, 400, scale(25, 25 * 16)},           {"layer0.bias", 400, 16, 0},
      {"layer1.weight", 416, 12'800, scale(25 * 16, 25 * 32)}, {"layer1.bias", 13'216, 32, 0},
      {"layer2.weight", 13'248, 65'536, scale(512, 128)},      {"layer2.bias", 78'784, 128, 0},
      {"layer3.weight", 78'912, 1'280, scale(128, 10)},        {"layer3.bias", 80'192, 10, 0}};
  EXPECT_EQ(model->tensors(), expected);
  EXPECT_TRUE(check_tensor_table(model->tensors(), kMaxParameters).ok());
  EXPECT_EQ(model->parameters(), parameter_count(model->tensors()));
  EXPECT_EQ(model->features(), 784u);
  EXPECT_EQ(model->classes(), 10u);
}

TEST(MakeModel, TakesTheLargestAndSmallestItPromises) {
  EXPECT_EQ(error_of("mlp:1,1,1,1,1,1,1", 1, 2), "no error");
  EXPECT_EQ(error_of("softmax", 784, 256), "no error");
  EXPECT_EQ(error_of("mlp:65536", 784, 10), "no error");
  EXPECT_EQ(error_of("softmax", std::size_t{1} << 24, 2), "no error");
  EXPECT_EQ(error_of("cnn:1,1,1", 256, 2), "no error");
  EXPECT_EQ(error_of("cnn:1024,1024,8", 256, 256), "no error");
  EXPECT_EQ(error_of("cnn:1,1,1", std::size_t{1} << 24, 2), "no error");
}

TEST(MakeModel, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(error_of("resnet"),
            "--model resnet: unknown; known are softmax, mlp:WIDTH, mlp:WIDTH,WIDTH,..., cnn and "
            "cnn:FILTERS,FILTERS,WIDTH");
  for (const char* words : {"", "Softmax", "softmax:3", "mlp", "CNN", "cnn-3", "cnn16,32,128"}) {
    EXPECT_TRUE(contains(error_of(words), "unknown; known are")) << words;
  }
}

TEST(MakeModel, NamesTheWidthThatIsWrong) {
  EXPECT_TRUE(contains(error_of("mlp:128,x"), "'x' is not a hidden width; give 1 to 65536"));
  for (const char* words : {"mlp:", "mlp:0", "mlp:-3", "mlp:65537", "mlp:128,", "mlp:,128",
                            "mlp:1e3", "mlp: 5", "mlp:99999999999999999999999"}) {
    EXPECT_TRUE(contains(error_of(words), "is not a hidden width")) << words;
  }
  EXPECT_TRUE(contains(error_of("mlp:1,1,1,1,1,1,1,1"), "more than 7 hidden widths"));
}

TEST(MakeModel, NamesTheNumberOfFiltersThatIsWrong) {
  EXPECT_EQ(error_of("cnn:16,x,128"),
            "--model cnn: 'x' is not a number of filters; give 1 to 1024, as in cnn:16,32,128");
  EXPECT_EQ(error_of("cnn:16,32,0"),
            "--model cnn: '0' is not a hidden width; give 1 to 65536, as in cnn:16,32,128");
  EXPECT_EQ(error_of("cnn:16,32"),
            "--model cnn:16,32: give three numbers, the filters of two convolutions and a hidden "
            "width, as in cnn:16,32,128");
  for (const char* words : {"cnn:0,32,128", "cnn:1025,32,128", "cnn:16,-1,128", "cnn:,32,128",
                            "cnn:16,1e2,128", "cnn: 16,32,128", "cnn:99999999999999999999,1,1"}) {
    EXPECT_TRUE(contains(error_of(words), "is not a number of filters")) << words;
  }
  for (const char* words : {"cnn:", "cnn:16", "cnn:16,32,128,", "cnn:1,2,3,4"}) {
    EXPECT_TRUE(contains(error_of(words), "give three numbers")) << words;
  }
}

TEST(MakeModel, NeedsASquareImageForACnn) {
  EXPECT_EQ(error_of("cnn", 780),
            "--model cnn: 780 features are no square grey image of at least 16 x 16 pixels "
            "(256 features); use such images, or mlp:WIDTH");
  for (const std::size_t features : {1u, 25u, 64u, 225u, 255u, 257u, 785u, 3072u}) {
    EXPECT_TRUE(contains(error_of("cnn", features), "no square grey image")) << features;
  }
  for (const std::size_t side : {16u, 17u, 18u, 27u, 28u, 32u, 64u}) {
    EXPECT_EQ(error_of("cnn", side * side), "no error") << side;
  }
}

TEST(MakeModel, RefusesWhatIsTooLarge) {
  EXPECT_TRUE(contains(error_of("cnn:2,1,1", std::size_t{1} << 24), "filters times pixels"));
  EXPECT_TRUE(contains(error_of("cnn:1,1024,1", std::size_t{1} << 24), "filters times pixels"));
  EXPECT_TRUE(contains(error_of("cnn:1024,1024,65536", 256), "at most 67108864 are possible"));
  EXPECT_TRUE(contains(error_of("mlp:65536,65536"), "at most 67108864 are possible"));
  EXPECT_TRUE(contains(error_of("mlp:65536", std::size_t{1} << 24), "at most 67108864"));
  EXPECT_TRUE(contains(error_of("softmax", 0), "features per sample"));
  EXPECT_TRUE(contains(error_of("softmax", (std::size_t{1} << 24) + 1), "features per sample"));
  EXPECT_TRUE(contains(error_of("softmax", 784, 1), "1 classes"));
  EXPECT_TRUE(contains(error_of("softmax", 784, 257), "257 classes"));
}

#if defined(__x86_64__)
TEST(ArithmeticSet, IsTheBestThatTheProcessorHas) {
  const char* tunables = std::getenv("GLIBC_TUNABLES");
  const bool hidden = tunables != nullptr && contains(tunables, "-AVX2");
  const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("movbe");
  const std::string set = arithmetic_set();
  EXPECT_EQ(set.substr(0, set.find('/')), has && !hidden ? "x86_64-v3" : "x86_64");
  EXPECT_EQ(contains(set, "fma"), has && !hidden) << set;
}
#endif

TEST(ArithmeticSet, IsOneShortWordWithEigensVersion) {
  const std::string set = arithmetic_set();
  EXPECT_TRUE(contains(set, "/eigen-3.")) << set;
  EXPECT_LE(set.size(), 128u);
  EXPECT_EQ(set.find_first_of(" ,ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos) << set;
  EXPECT_EQ(set, arithmetic_set());
}

}  // namespace
}  // namespace psephos
