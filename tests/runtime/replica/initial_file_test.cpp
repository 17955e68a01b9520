#include "runtime/replica/initial_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "runtime/formats/npy.h"
#include "tests/runtime/formats/npy_files.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos {
namespace {

class InitialFile : public ::testing::Test {
 protected:
  void refuse(const std::string& bytes, std::size_t parameters, const std::string& because) const {
    write_file(folder_ / "x.npy", bytes);
    const auto x = read_initial_parameters(folder_ / "x.npy", parameters);
    ASSERT_FALSE(x.ok()) << because;
    EXPECT_TRUE(x.error().text.starts_with((folder_ / "x.npy").string())) << x.error().text;
    EXPECT_NE(x.error().text.find(because), std::string::npos) << x.error().text;
  }

  TemporaryFolder folder_;
};

TEST_F(InitialFile, GivesTheBitsThatWereSaved) {
  const std::vector<float> saved = {0.5f, -0.0f, 1e-42f, -3e38f, 0.1f};
  write_file(folder_ / "x.npy", npy_bytes(saved));
  const auto x = read_initial_parameters(folder_ / "x.npy", saved.size());
  ASSERT_TRUE(x.ok()) << x.error().text;
  ASSERT_EQ(x->size(), saved.size());
  EXPECT_EQ(std::memcmp(x->data(), saved.data(), 4 * saved.size()), 0);
}

TEST_F(InitialFile, RefusesAnotherNumberOfValues) {
  const std::vector<float> five(5);
  refuse(npy_bytes(five), 4, "holds 5 values, the model has 4 parameters");
  refuse(npy_bytes(five), 6, "holds 5 values, the model has 6 parameters");
  refuse(npy_bytes({}), 1, "holds 0 values");
}

TEST_F(InitialFile, RefusesValuesThatAreNoNumbers) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    refuse(npy_bytes(std::vector<float>{0, 1, bad, 3}), 4, "value 2 is ");
  }
}

TEST_F(InitialFile, RefusesArraysOfAnotherForm) {
  const std::string four(16, '\0');
  refuse(npy_file("<f4", "(2, 2)", four), 4, "shape (2, 2)");
  refuse(npy_file("<f4", "()", four.substr(0, 4)), 1, "shape ()");
  refuse(npy_file(">f4", "(4,)", four), 4, "big-endian");
  refuse(npy_file("<f8", "(4,)", four + four), 4, "'<f8'");
  refuse(npy_file("<i4", "(4,)", four), 4, "'<i4'");
  refuse(npy_envelope("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}\n", 1) + four, 4,
         "Fortran");
  refuse(npy_file("<f4", "(4,)", four.substr(1)), 4, "cut short");
  refuse(npy_file("<f4", "(4,)", four + "x"), 4, "more than one array");
  refuse("x_0", 4, "is not a .npy file");
  const auto missing = read_initial_parameters(folder_ / "nowhere.npy", 4);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().text.find("no such file"), std::string::npos);
}

}  // namespace
}  // namespace psephos
