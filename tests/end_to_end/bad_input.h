#pragma once
// Whatever is wrong with what a person or a network hands the programs: one sentence that says what
// to do, exit status 2 for usage and 1 for failure, and nothing half-written.

#include <filesystem>
#include <set>
#include <string>

#include "tests/end_to_end/programs.h"
#include "tests/runtime/data/idx_files.h"

namespace psephos::end_to_end {

inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;

inline const Flags kSynthetic = {"--dataset", "synthetic"};

class BadInput : public EndToEnd {
 protected:
  // What lies in the scratch folder, logs apart.
  std::set<std::string> things() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path("."))) {
      if (entry.path().filename() != "logs") found.insert(entry.path().filename().string());
    }
    return found;
  }

  // It ends with `status`, says `sentence` and nothing else, in one line, and leaves nothing.
  void expect_refusal(Process process, int status, const std::string& sentence,
                      const std::set<std::string>& before) {
    EXPECT_EQ(process.wait(), status);
    const std::vector<std::string> said = lines_of(process.err());
    EXPECT_EQ(said.size(), 1U) << process.err();
    EXPECT_TRUE(process.err().starts_with("psephos-")) << process.err();
    EXPECT_NE(process.err().find(sentence), std::string::npos)
        << "\"" << sentence << "\" is not in: " << process.err();
    EXPECT_EQ(process.out(), "");
    EXPECT_EQ(things(), before);
  }

  void simulate(const Flags& flags, int status, const std::string& sentence) {
    SCOPED_TRACE(::testing::PrintToString(flags));
    const auto before = things();
    expect_refusal(start_simulate(flags + Flags{"--out", path("run").string()}), status, sentence,
                   before);
  }
  void coordinate(const Flags& flags, int status, const std::string& sentence) {
    SCOPED_TRACE(::testing::PrintToString(flags));
    const auto before = things();
    expect_refusal(start_coordinator(Flags{"--out", path("run").string(), "--endpoint-file",
                                           path("endpoint").string()} +
                                     flags),
                   status, sentence, before);
  }
  void take_part(const Flags& flags, int status, const std::string& sentence) {
    SCOPED_TRACE(::testing::PrintToString(flags));
    const auto before = things();
    expect_refusal(start_client(Flags{"--save", path("final.npy").string(), "--quiet"} + flags),
                   status, sentence, before);
  }

  // A data set in MNIST's form: `count` images of side x side bytes, labels 0, 1, ... below
  // `classes`, in the folder `name`.
  std::filesystem::path idx_folder(const std::string& name, std::uint32_t count, std::uint32_t side,
                                   std::uint32_t classes) {
    const std::filesystem::path folder = path(name);
    std::filesystem::create_directories(folder);
    FileBytes labels(count);
    for (std::uint32_t i = 0; i < count; ++i) labels[i] = static_cast<std::uint8_t>(i % classes);
    FileBytes pixels(count * side * side);
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7);
    for (const char* prefix : {"train", "t10k"}) {
      write_file(folder / (std::string(prefix) + "-images-idx3-ubyte"),
                 idx_bytes({kImages, count, side, side}, pixels));
      write_file(folder / (std::string(prefix) + "-labels-idx1-ubyte"), idx_labels(labels));
    }
    return folder;
  }
};

}  // namespace psephos::end_to_end
