#include "runtime/replica/tensor_file.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/signs/layout.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos {
namespace {

namespace fs = std::filesystem;

class TensorFile : public ::testing::Test {
 protected:
  fs::path path() const { return folder_ / "TENSORS.toml"; }
  Result<TensorTable> read(const std::string& text) const {
    write_file(path(), text);
    return read_tensor_file(path());
  }
  // `at`: the line that the error names; 0: the file as a whole.
  void refuse(const std::string& text, int at, const std::string& because) const {
    SCOPED_TRACE(text.substr(0, 200));
    const auto table = read(text);
    ASSERT_FALSE(table.ok());
    const std::string where = path().string() + (at == 0 ? "" : ":" + std::to_string(at)) + ": ";
    EXPECT_TRUE(table.error().text.starts_with(where)) << table.error().text;
    EXPECT_NE(table.error().text.find(because), std::string::npos) << table.error().text;
    EXPECT_EQ(table.error().text.find('\n'), std::string::npos) << "one sentence, one line";
  }
  static std::string tensor(const std::string& name, const std::string& rest) {
    return "[[tensor]]\nname = \"" + name + "\"\n" + rest + "\n";
  }

  TemporaryFolder folder_;
};

TEST_F(TensorFile, LaysTensorsOneBehindTheOtherInTheOrderOfTheFile) {
  const auto table = read(R"(# LeNet's first layer
[[tensor]]
name = "conv.weight"
shape = [16, 1, 5, 5]
init_scale = 0.1

[[tensor]]
init_scale = 0
count = 16
name = "conv.bias"

[[tensor]]
name = "temperature"
shape = []
init_scale = 1e-3
)");
  ASSERT_TRUE(table.ok()) << table.error().text;
  const TensorTable expected = {
      {"conv.weight", 0, 400, 0.1f}, {"conv.bias", 400, 16, 0}, {"temperature", 416, 1, 1e-3f}};
  EXPECT_EQ(*table, expected);
  EXPECT_TRUE(check_tensor_table(*table, 417).ok());
}

TEST_F(TensorFile, AnyTomlSpellingOfTheSameTableIsRead) {
  const auto table = read(
      "tensor = [{name = 'w', count = 1_000, init_scale = 5e-1},\r\n"
      "          {name = \"b\", shape = [0x0a], init_scale = 0.0}]\r\n");
  ASSERT_TRUE(table.ok()) << table.error().text;
  EXPECT_EQ(*table, (TensorTable{{"w", 0, 1000, 0.5f}, {"b", 1000, 10, 0}}));
}

TEST_F(TensorFile, TheLargestModelFitsAndOneParameterMoreDoesNot) {
  const std::string most = std::to_string(kMaxParameters - 1);
  const std::string large = tensor("w", "count = " + most + "\ninit_scale = 0");
  const auto table = read(large + tensor("b", "count = 1\ninit_scale = 0"));
  ASSERT_TRUE(table.ok()) << table.error().text;
  EXPECT_EQ(parameter_count(*table), kMaxParameters);
  refuse(large + tensor("b", "count = 2\ninit_scale = 0"), 5, "the model has 67108865 parameters");
}

TEST_F(TensorFile, RefusesSizesThatNoModelHas) {
  for (const char* size :
       {"count = 0", "count = -1", "count = 67108865", "count = 99999999999", "count = 4.0",
        "count = '4'", "shape = [0]", "shape = [3, -3]", "shape = [2.5]", "shape = [[2], [2]]"}) {
    refuse(tensor("w", std::string(size) + "\ninit_scale = 0"), 3, "tensor 'w'");
  }
  // 2^64 wraps around to 0, 2^32 to 0 in 32 bits.
  refuse(tensor("w", "shape = [65536, 65536, 65536, 65536]\ninit_scale = 0"), 3, "too large");
  refuse(tensor("w", "shape = [65536, 65536]\ninit_scale = 0"), 3, "too large");
  refuse(tensor("w", "shape = 'large'\ninit_scale = 0"), 3, "a list of its sides");
  refuse(tensor("w", "count = 99999999999999999999\ninit_scale = 0"), 3, "");
}

TEST_F(TensorFile, RefusesWhatIsMissingOrSaidTwice) {
  refuse("", 0, "holds no tensor");
  refuse("tensor = []", 1, "write a [[tensor]]");
  refuse("[[tensor]]\ncount = 3\ninit_scale = 0", 1, "no name");
  refuse("[[tensor]]\nname = 3\ncount = 3\ninit_scale = 0", 1, "no name");
  refuse(tensor("w", "init_scale = 0"), 1, "either count = 400 or shape");
  refuse(tensor("w", "count = 4\nshape = [4]\ninit_scale = 0"), 1, "either count = 400 or shape");
  refuse(tensor("w", "count = 4"), 1, "'w' has no init_scale");
  refuse(tensor("w", "count = 4\ncount = 5\ninit_scale = 0"), 4, "");
  refuse(tensor("w", "count = 4\ninit_scale = 0") + tensor("w", "count = 5\ninit_scale = 0"), 5,
         "'w' stands twice");
}

TEST_F(TensorFile, RefusesScalesThatAreNotFiniteNumbersFromZeroOn) {
  for (const char* scale : {"-0.1", "nan", "inf", "1e39", "'0.1'", "true", "[0.1]"}) {
    refuse(tensor("w", std::string("count = 4\ninit_scale = ") + scale), 4, "tensor 'w'");
  }
}

TEST_F(TensorFile, RefusesNamesThatTheWireCannotCarry) {
  refuse(tensor("", "count = 4\ninit_scale = 0"), 1, "name");
  refuse(tensor(std::string(kMaxTensorName + 1, 'w'), "count = 4\ninit_scale = 0"), 1, "name");
  refuse(tensor("two\\nlines", "init_scale = 0"), 1, "'two?lines'");
  refuse(tensor("\xc3\xa9", "count = 4\ninit_scale = 0"), 1, "name");
}

TEST_F(TensorFile, RefusesKeysThatItDoesNotKnow) {
  refuse(tensor("w", "count = 4\ninit_scale = 0\ndtype = 'float16'"), 5, "no 'dtype'");
  refuse("[model]\nname = 'mine'", 1, "'model' has no place here");
  refuse("[tensor]\nname = 'w'\ncount = 4\ninit_scale = 0", 1, "[[tensor]]");
  refuse("tensor = [1, 2]", 1, "[[tensor]]");
}

TEST_F(TensorFile, RefusesMoreTensorsThanAModelHas) {
  std::string text;
  for (std::size_t i = 0; i < kMaxTensors; ++i) {
    text += tensor("w" + std::to_string(i), "count = 1\ninit_scale = 0");
  }
  EXPECT_TRUE(read(text).ok());
  refuse(text + tensor("last", "count = 1\ninit_scale = 0"), 4 * 256 + 1, "at most 256 tensors");
}

TEST_F(TensorFile, RefusesWhatIsNotToml) {
  refuse("[[tensor]]\nname = \"w\ncount = 4", 2, "");
  refuse("[[tensor]]\nname w", 2, "");
  refuse(std::string("\x93NUMPY\x01\x00", 8), 1, "");
  refuse("tensor = " + std::string(100'000, '['), 1, "");
  refuse(std::string(kMaxTensorFileBytes + 1, '#'), 0, "larger than");
  const auto missing = read_tensor_file(folder_ / "nowhere.toml");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().text.find("nowhere.toml: no such file"), std::string::npos);
}

}  // namespace
}  // namespace psephos
