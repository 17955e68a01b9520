#include "simulator/compare.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/base/files.h"
#include "runtime/report/gnuplot.h"
#include "runtime/report/options.h"
#include "simulator/comparison.h"

namespace psephos::simulator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "psephos-simulate compare";
constexpr const char* kExamples = R"(Examples:
  Does it pay to abstain where labels are uneven?
    psephos-simulate --partition shards:2 --out runs/sign
    psephos-simulate --partition shards:2 --ballot threshold:0.5 --out runs/threshold
    psephos-simulate compare runs/sign runs/threshold

  Everything under runs, pictures beside it:
    psephos-simulate compare runs/* --out runs-compared

A run that still goes on is compared as far as it is. Without gnuplot there is the table alone.)";

int fail(const std::string& text, int status) {
  fmt::print(stderr, "{}: {}\n", kName, text);
  return status;
}

// The files' names, or none where gnuplot is not there; a folder made for nothing is taken away.
Result<std::vector<Picture>> draw_comparison(const std::vector<SavedRun>& runs,
                                             const fs::path& directory) {
  if (!gnuplot_is_installed()) {
    fmt::print(stderr, "no pictures: gnuplot is not installed\n");
    return std::vector<Picture>{};
  }
  const auto made = make_out_folder(directory);
  if (!made) return made.error();
  std::vector<Picture> pictures = comparison_pictures(runs, directory);
  if (const Status drawn = draw(pictures); !drawn) {
    std::error_code ignored;
    if (*made) fs::remove(directory, ignored);  // unless something is in it
    return drawn.error();
  }
  return pictures;
}

int compare(const std::vector<std::string>& folders, const fs::path& directory) {
  std::vector<SavedRun> runs;
  for (const std::string& folder : folders) {
    auto run = read_saved_run(folder);
    if (!run) return fail(run.error().text, kExitFailure);
    runs.push_back(std::move(*run));
  }
  fmt::print("{}", comparison_table(runs));
  std::fflush(stdout);
  const auto pictures = draw_comparison(runs, directory);
  if (!pictures) return fail(pictures.error().text, kExitFailure);
  if (!pictures->empty()) fmt::print("\npictures:\n");
  for (const Picture& picture : *pictures) fmt::print("  {}\n", picture.file.string());
  return kExitSuccess;
}

}  // namespace

int compare_main(int argc, const char* const* argv) {
  CLI::App app(
      "Lays runs side by side: a table of what differs in their configurations and what became\n"
      "of them, and pictures with a curve per run.",
      kName);
  app.footer(kExamples);
  std::vector<std::string> folders;
  std::string out = "compare";
  app.add_option("RUN", folders,
                 fmt::format("run folders (--out of a run), at most {}", kMostComparedRuns))
      ->type_name("");
  app.add_option("--out", out,
                 "folder for compare-accuracy.svg, compare-loss.svg,\n"
                 "compare-traffic.svg and compare-accuracy-by-traffic.svg; those\n"
                 "of an earlier comparison are replaced")
      ->type_name("DIR")
      ->capture_default_str();
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  if (folders.empty()) return fail("which runs? Give their folders (try --help)", kExitUsage);
  if (folders.size() > kMostComparedRuns) {
    return fail(fmt::format("{} runs are too many for one picture: give at most {}", folders.size(),
                            kMostComparedRuns),
                kExitUsage);
  }
  return compare(folders, out);
}

}  // namespace psephos::simulator
