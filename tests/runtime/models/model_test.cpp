#include "runtime/models/model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "runtime/signs/layout.h"

namespace psephos {
namespace {

std::string error_of(const std::string& words, std::size_t features = 784,
                     std::size_t classes = 10) {
  const Result<std::unique_ptr<Model>> model = make_model(words, features, classes);
  return model.ok() ? "no error" : model.error().text;
}

std::size_t parameters_of(const std::string& words) {
  return make_model(words, 784, 10).value()->parameters();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(MakeModel, CountsTheParametersOfKnownModels) {
  EXPECT_EQ(parameters_of("softmax"), 7'850u);
  EXPECT_EQ(parameters_of("mlp:128"), 101'770u);
  EXPECT_EQ(parameters_of("mlp:256,128"), 235'146u);
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

TEST(MakeModel, TakesTheLargestAndSmallestItPromises) {
  EXPECT_EQ(error_of("mlp:1,1,1,1,1,1,1", 1, 2), "no error");
  EXPECT_EQ(error_of("softmax", 784, 256), "no error");
  EXPECT_EQ(error_of("mlp:65536", 784, 10), "no error");
  EXPECT_EQ(error_of("softmax", std::size_t{1} << 24, 2), "no error");
}

TEST(MakeModel, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(error_of("resnet"),
            "--model resnet: unknown; known are softmax, mlp:WIDTH and mlp:WIDTH,WIDTH,...");
  for (const char* words : {"", "Softmax", "softmax:3", "mlp"}) {
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

TEST(MakeModel, RefusesWhatIsTooLarge) {
  EXPECT_TRUE(contains(error_of("mlp:65536,65536"), "at most 67108864 are possible"));
  EXPECT_TRUE(contains(error_of("mlp:65536", std::size_t{1} << 24), "at most 67108864"));
  EXPECT_TRUE(contains(error_of("softmax", 0), "features per sample"));
  EXPECT_TRUE(contains(error_of("softmax", (std::size_t{1} << 24) + 1), "features per sample"));
  EXPECT_TRUE(contains(error_of("softmax", 784, 1), "1 classes"));
  EXPECT_TRUE(contains(error_of("softmax", 784, 257), "257 classes"));
}

TEST(ArithmeticSet, IsOneShortWordWithEigensVersion) {
  const std::string set = arithmetic_set();
  EXPECT_TRUE(contains(set, "/eigen-3.")) << set;
  EXPECT_LE(set.size(), 128u);
  EXPECT_EQ(set.find_first_of(" ,ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos) << set;
  EXPECT_EQ(set, arithmetic_set());
}

}  // namespace
}  // namespace psephos
