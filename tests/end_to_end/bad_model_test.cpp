// Tensor files and initial parameters that cannot be: a sentence each, and nothing begun.

#include <cmath>
#include <vector>

#include "runtime/formats/npy.h"
#include "tests/end_to_end/bad_input.h"
#include "tests/runtime/formats/npy_files.h"

namespace psephos::end_to_end {
namespace {

class BadModel : public BadInput {
 protected:
  Flags file(const std::string& flag, const std::string& prefix, const std::string& name,
             std::string_view bytes) const {
    write_file(path(name), bytes);
    return {flag, prefix + path(name).string()};
  }
  Flags tensors(const std::string& toml) const {
    return file("--model", "external:", "TENSORS.toml", toml);
  }
  Flags init(std::string_view npy) const { return file("--init", "", "x0.npy", npy); }
};

const std::string kFour = "[[tensor]]\nname = 'w'\ncount = 4\ninit_scale = 0.5\n";

TEST_F(BadModel, ATensorFileThatSaysNoModelIsNamedWithItsLine) {
  coordinate({"--model", "external:" + path("nowhere.toml").string()}, kFailure,
             "nowhere.toml: no such file");
  const auto refuse = [&](const std::string& toml, const std::string& sentence) {
    coordinate(tensors(toml), kFailure, sentence);
  };
  refuse("[[tensor]]\nname = 'w\n", "TENSORS.toml:2: ");
  refuse("", "TENSORS.toml: holds no tensor");
  refuse("[[tensor]]\nname = 'w'\ncount = 0\ninit_scale = 0", "TENSORS.toml:3: ");
  refuse(kFour + kFour, "TENSORS.toml:5: the name 'w' stands twice");
  refuse("[[tensor]]\nname = 'w'\nshape = [65536, 65536]\ninit_scale = 0", "too large");
  refuse("[[tensor]]\nname = 'w'\ncount = 4\ninit_scale = 0\nlr = 1", "no 'lr'");
}

TEST_F(BadModel, InitialParametersThatDoNotFitAreNamed) {
  const Flags model = tensors(kFour);
  const std::string four(16, '\0');
  const auto refuse = [&](std::string_view npy, const std::string& sentence) {
    coordinate(model + init(npy), kFailure, sentence);
  };
  refuse(npy_bytes(std::vector<float>(5)), "holds 5 values, the model has 4 parameters");
  refuse(npy_bytes(std::vector<float>{0, NAN, 0, 0}), "value 1 is nan");
  refuse(npy_file("<f4", "(2, 2)", four), "shape (2, 2)");
  refuse(npy_envelope("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}\n", 1) + four,
         "Fortran");
  refuse(npy_file(">f4", "(4,)", four), "big-endian");
  refuse(npy_file("<f4", "(4,)", four.substr(3)), "cut short");
  refuse("", "not a .npy file");
  coordinate(model + Flags{"--init", path("nowhere.npy").string()}, kFailure, "no such file");
  // Of a model of ours, too.
  write_file(path("x0.npy"), npy_bytes(std::vector<float>(5)));
  const Flags five = {"--init", path("x0.npy").string(), "--model", "softmax"};
  coordinate(kSynthetic + five, kFailure, "the model has 650 parameters");
  simulate(kSynthetic + five, kFailure, "the model has 650 parameters");
}

TEST_F(BadModel, FlagsThatAnExternalModelLeavesNoRoomForAreRefused) {
  const Flags model = tensors(kFour);
  coordinate(words("--model external"), kUsage, "--model external:TENSORS.toml");
  coordinate(words("--model external:"), kUsage, "--model external:TENSORS.toml");
  coordinate(model + kSynthetic, kUsage, "--dataset and --partition go with a model of ours");
  coordinate(model + words("--partition iid --parts 3"), kUsage, "leave them out");
  simulate(model, kUsage, "only your own clients compute that model");
  take_part(Flags{"--connect", "tcp://127.0.0.1:9"} + kSynthetic + words("--init x0.npy"), kUsage,
            "the coordinator decides that");
}

}  // namespace
}  // namespace psephos::end_to_end
