#include "runtime/net/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::net {
namespace {

namespace fs = std::filesystem;

class KeyFile : public ::testing::Test {
 protected:
  fs::path path(const char* name) const { return folder_.path() / name; }
  void write(const fs::path& file, const std::string& text) {
    std::ofstream(file) << text;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  }
  static std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  TemporaryFolder folder_;
  CurveKeys keys_ = *make_curve_keys();
};

TEST_F(KeyFile, HoldsWhatWasWrittenAndIsItsOwnersAlone) {
  ASSERT_TRUE(write_key_files(path("a.key"), keys_).ok());
  struct stat status {};
  ASSERT_EQ(::stat(path("a.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const auto read = read_key_file(path("a.key"));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->secret_key, keys_.secret_key);
  EXPECT_EQ(read->public_key, keys_.public_key);
  const auto known = read_public_key_file(path("a.key.pub"));
  ASSERT_TRUE(known) << known.error().text;
  EXPECT_EQ(*known, keys_.public_key);
  EXPECT_EQ(text_of(path("a.key.pub")).find(keys_.secret_key), std::string::npos);
}

TEST_F(KeyFile, IsNeverReplaced) {
  ASSERT_TRUE(write_key_files(path("a.key"), keys_).ok());
  const std::string before = text_of(path("a.key"));
  const auto again = write_key_files(path("a.key"), *make_curve_keys());
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().text.find("a.key: exists already"), std::string::npos);
  EXPECT_EQ(text_of(path("a.key")), before);
  // A public file in the way leaves no secret behind that nobody could use.
  write(path("b.key.pub"), "something");
  EXPECT_FALSE(write_key_files(path("b.key"), keys_).ok());
  EXPECT_FALSE(fs::exists(path("b.key")));
  EXPECT_EQ(text_of(path("b.key.pub")), "something");
}

TEST_F(KeyFile, ThatOthersMayOpenIsRefusedAndTheRemedySaid) {
  for (const auto too_much : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write,
                              fs::perms::others_write}) {
    const fs::path file = path("a.key");
    fs::remove(file);
    fs::remove(public_key_path(file));
    ASSERT_TRUE(write_key_files(file, keys_).ok());
    fs::permissions(file, too_much, fs::perm_options::add);
    const auto read = read_key_file(file);
    ASSERT_FALSE(read.ok());
    EXPECT_NE(read.error().text.find("chmod 600 " + file.string()), std::string::npos);
    EXPECT_EQ(read.error().text.find(keys_.secret_key), std::string::npos);
  }
}

TEST_F(KeyFile, OfTheWrongHalfIsToldApart) {
  ASSERT_TRUE(write_key_files(path("a.key"), keys_).ok());
  fs::permissions(path("a.key.pub"), fs::perms::owner_read);
  const auto mixed = read_key_file(path("a.key.pub"));
  ASSERT_FALSE(mixed.ok());
  EXPECT_NE(mixed.error().text.find("without .pub"), std::string::npos) << mixed.error().text;
  const auto secret = read_public_key_file(path("a.key"));
  ASSERT_FALSE(secret.ok());
  EXPECT_NE(secret.error().text.find("is a secret key"), std::string::npos);
  EXPECT_EQ(secret.error().text.find(keys_.secret_key), std::string::npos);
}

TEST_F(KeyFile, ThatIsDamagedOrNoneIsRefused) {
  const std::string head = "psephos-secret-key-1\n";
  for (const std::string& text :
       {std::string(), std::string("# nothing but a comment\n"), head, head + "short\n",
        head + keys_.secret_key + "x\n", head + std::string(40, ' ') + "\n",
        "psephos-secret-key-2\n" + keys_.secret_key + "\n", keys_.secret_key + "\n",
        head + keys_.secret_key + "\n" + keys_.secret_key + "\n", std::string(5000, '#')}) {
    write(path("a.key"), text);
    const auto read = read_key_file(path("a.key"));
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_TRUE(read.error().text.starts_with(path("a.key").string())) << read.error().text;
    EXPECT_EQ(read.error().text.find(keys_.secret_key), std::string::npos);
  }
  EXPECT_FALSE(read_key_file(path("none")).ok());
  write(path("a.key"), "# by hand\r\n\r\n" + head + keys_.secret_key);  // no line end, and CRLF
  EXPECT_TRUE(read_key_file(path("a.key")).ok());
}

}  // namespace
}  // namespace psephos::net
