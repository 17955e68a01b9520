#pragma once
// A run that speaks in secret: key files of a coordinator and its clients, and the list.

#include <fstream>

#include "runtime/net/key_file.h"
#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end {

class Keyed : public EndToEnd {
 protected:
  Keyed() { make_keys("coordinator"); }

  // A pair, in path(name + ".key") and its ".pub".
  net::CurveKeys make_keys(const std::string& name) {
    const net::CurveKeys keys = *net::make_curve_keys();
    EXPECT_TRUE(net::write_key_files(key_file(name), keys).ok());
    return keys;
  }
  std::filesystem::path key_file(const std::string& name) const { return path(name + ".key"); }
  std::filesystem::path list() const { return path("clients.allow"); }
  // As an editor does it: a new file in the old one's place.
  void write_list(const std::string& text) {
    std::ofstream(path("list.new")) << text;
    std::filesystem::rename(path("list.new"), list());
  }
  void allow(const std::vector<net::CurveKeys>& keys) {
    std::string text = "# who may come in\n";
    for (const net::CurveKeys& pair : keys) text += pair.public_key + "\n";
    write_list(text);
  }
  Flags entrance() const {
    return {"--key", key_file("coordinator").string(), "--allow", list().string()};
  }
  Flags credentials(const std::string& name) const {
    return {"--key", key_file(name).string(), "--server-key",
            net::public_key_path(key_file("coordinator")).string()};
  }
  net::ClientCurve curve_of(const net::CurveKeys& own) const {
    return {own, *net::read_public_key_file(net::public_key_path(key_file("coordinator")))};
  }
};

}  // namespace psephos::end_to_end
