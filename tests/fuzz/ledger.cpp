// A ledger whose disk has changed it: bits turned, sectors gone or at another's place, the end cut
// off. It is refused, or what it says is what was written.
//
// Input: changes, kChangeBytes each: what kind, where (a fraction of the file), by what.

#include <algorithm>
#include <string>
#include <vector>

#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "runtime/base/check.h"
#include "simulator/proving/disk_vfs.h"
#include "tests/coordinator/ledger/written_run.h"

namespace psephos::coordinator {
namespace {

constexpr std::size_t kChangeBytes = 4;
constexpr std::size_t kSector = 512;
constexpr std::uint32_t kRounds = 6;
constexpr std::size_t kParameters = 100;
constexpr const char* kName = "ledger";

using FileBytes = std::vector<std::uint8_t>;

// One disk, emptied for every input; and what is on it before that.
struct Ground {
  Ground() : disk(proving::Luck(1, 1)), vfs(disk) {
    {
      auto ledger = SqliteLedger::open(kName, vfs.name());
      PSEPHOS_CHECK(ledger.ok(), "a new ledger opens");
      testing::WrittenRun written(**ledger, kParameters, testing::WrittenRun::remembering(7));
      written.rounds(kRounds / 2);
      PSEPHOS_CHECK((*ledger)->begin_epoch({1, kRounds / 2, 1}).ok(), "an epoch begins");
      written.rounds(kRounds - kRounds / 2);
    }
    image = disk.contents(kName);
    contents = verified_contents();
    PSEPHOS_CHECK(!contents.empty(), "what was written verifies");
  }

  void hold(const FileBytes& bytes) {
    for (const char* name : {kName, "ledger-wal", "ledger-journal"}) disk.remove(name);
    disk.create(kName);
    disk.write(kName, 0, bytes);
    disk.sync(kName);
  }

  // "": refused, by opening or by verify.
  std::string verified_contents() {
    auto file = LedgerFile::open(kName, LedgerFile::Use::kLook, vfs.name());
    if (!file || !file->run() || verify(*file).fault) return "";
    return testing::everything_in(*file);
  }

  proving::FaultyDisk disk;
  proving::DiskVfs vfs;
  FileBytes image;
  std::string contents;
};

void change(FileBytes& bytes, const std::uint8_t* change) {
  if (bytes.empty()) return;
  const std::size_t at = (change[1] + std::size_t{256} * change[2]) * bytes.size() / 65536;
  const std::size_t sector = at / kSector * kSector;
  const std::size_t end = std::min(sector + kSector, bytes.size());
  const auto place = [&](std::size_t index) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(index);
  };
  switch (change[0] % 4) {
    case 0:
      bytes[at] ^= change[3];
      break;
    case 1:
      std::fill(place(sector), place(end), std::uint8_t{0});
      break;
    case 2: {  // what was meant for another sector
      const std::size_t from = change[3] * bytes.size() / 256 / kSector * kSector;
      const std::size_t size = std::min(end - sector, bytes.size() - from);
      const FileBytes other(place(from), place(from + size));
      std::ranges::copy(other, place(sector));
      break;
    }
    case 3:
      bytes.resize(at);
      break;
  }
}

}  // namespace
}  // namespace psephos::coordinator

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace psephos::coordinator;
  static Ground ground;
  FileBytes bytes = ground.image;
  for (std::size_t at = 0; at + kChangeBytes <= size; at += kChangeBytes) change(bytes, data + at);
  ground.hold(bytes);
  const std::string read = ground.verified_contents();
  PSEPHOS_CHECK(read.empty() || read == ground.contents, "a changed ledger was believed");

  const auto opened = SqliteLedger::open(kName, ground.vfs.name());
  if (!opened || (*opened)->run() == nullptr) return 0;
  PSEPHOS_CHECK((*opened)->rounds() <= kRounds, "rounds that nobody decided");
  for (std::uint32_t round = 0; round < (*opened)->rounds(); ++round) {
    const DecisionRef record = (*opened)->decision(round);
    PSEPHOS_CHECK(!record || record->round == round, "another round's decision");
    if (record) {
      const std::string planes(record->votes.planes.begin(), record->votes.planes.end());
      PSEPHOS_CHECK(ground.contents.find(planes) != std::string::npos, "a decision nobody took");
    }
  }
  return 0;
}
