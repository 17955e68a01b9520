#include "runtime/formats/text_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "tests/runtime/formats/temporary_folder.h"

namespace psephos {
namespace {

namespace fs = std::filesystem;

void refuse(const fs::path& path, std::size_t max_bytes, const std::string& because) {
  const auto text = read_text_file(path, max_bytes);
  ASSERT_FALSE(text.ok());
  EXPECT_TRUE(text.error().text.starts_with(path.string())) << text.error().text;
  EXPECT_NE(text.error().text.find(because), std::string::npos) << text.error().text;
}

TEST(TextFile, GivesEveryByteUpToTheBound) {
  const TemporaryFolder folder;
  for (const std::size_t size : {0u, 1u, 65'536u, 200'000u}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31);
    write_file(folder / "file", bytes);
    const auto text = read_text_file(folder / "file", 200'000);
    ASSERT_TRUE(text.ok()) << text.error().text;
    EXPECT_EQ(*text, bytes);
  }
}

TEST(TextFile, SaysWhatIsWrongWithAFileThatCannotBeRead) {
  const TemporaryFolder folder;
  refuse(folder / "nowhere", 10, "no such file");
  refuse(folder.path(), 10, "not a file");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  refuse(folder / "pipe", 10, "not a file");
  write_file(folder / "file", "eleven byte");
  refuse(folder / "file", 10, "larger than 10 bytes");
}

}  // namespace
}  // namespace psephos
