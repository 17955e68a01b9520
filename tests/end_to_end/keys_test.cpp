// Key pairs, the list, and what each side says when they do not fit: real processes.

#include <sys/stat.h>

#include <csignal>

#include "runtime/base/short_key.h"
#include "tests/end_to_end/keyed.h"
#include "tests/runtime/net/peers.h"

namespace psephos::end_to_end {
namespace {

constexpr const char* kData = "--dataset synthetic --seed 3";
constexpr const char* kRun =
    "--dataset synthetic --seed 3 --model softmax --min-voters 2 --eval-every 0 --quiet";
constexpr const char* kEndless =
    "--dataset synthetic --seed 3 --model softmax --rounds 100000000 --min-voters 1 "
    "--deadline-ms 100 --heartbeat-ms 100 --eval-every 0";

using Keys = Keyed;

TEST_F(Keys, KeygenMakesAPairOnceAndPrintsThePublicHalf) {
  const std::string file = path("device.key").string();
  Process keygen = start_keygen({"--out", file});
  ASSERT_EQ(keygen.wait(), 0) << keygen.err();
  const auto keys = net::read_key_file(file);
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ(keygen.out(), keys->public_key + "\n");
  EXPECT_EQ(*net::read_public_key_file(file + ".pub"), keys->public_key);
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);

  Process again = start_keygen({"--out", file});
  EXPECT_EQ(again.wait(), 1);
  EXPECT_NE(again.err().find("exists already"), std::string::npos) << again.err();
  Process nowhere = start_keygen({"--out", path("no/such/folder.key").string()});
  EXPECT_EQ(nowhere.wait(), 1);
  Process nothing = start_keygen({});
  EXPECT_EQ(nothing.wait(), 2);
  EXPECT_NE(nothing.err().find("--out"), std::string::npos);
  Process full = start_keygen({"--out", path("full.key").string()}, 130);
  EXPECT_EQ(full.wait(), 1);
  EXPECT_FALSE(std::filesystem::exists(path("full.key")));
  Process help = start_keygen({"--help"});
  EXPECT_EQ(help.wait(), 0);
  EXPECT_NE(help.out().find("Three steps"), std::string::npos);
}

TEST_F(Keys, ARunInSecretEndsAsOneInTheClear) {
  Process plain = lead(words(kRun) + words("--rounds 100"), "plain");
  {
    Process first = join(1, 2, words(kData));
    Process second = join(2, 2, words(kData));
    EXPECT_EQ(first.wait(), 0) << first.err();
    EXPECT_EQ(second.wait(), 0) << second.err();
  }
  ASSERT_EQ(plain.wait(), 0) << plain.err();

  const net::CurveKeys a = make_keys("a");
  const net::CurveKeys b = make_keys("b");
  allow({a, b});
  Process secret = lead(words(kRun) + entrance() + words("--rounds 100"));
  Process first = join(1, 2, words(kData) + credentials("a"));
  Process second = join(2, 2, words(kData) + credentials("b"));
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(second.wait(), 0) << second.err();
  ASSERT_EQ(secret.wait(), 0) << secret.err();

  const std::string fingerprint = summary("plain").at("fingerprint");
  EXPECT_EQ(summary().at("fingerprint"), fingerprint);
  EXPECT_EQ(fingerprint_in(first.out()), fingerprint);
  EXPECT_EQ(summary().at("net_connections"), 2);
  EXPECT_EQ(summary().at("net_keys_refused"), 0);
  // Reports name a client by its name and the beginning of its key; nothing shows a secret.
  const std::string table = read_text(path("run") / "clients.csv");
  EXPECT_NE(table.find("client-1~" + short_key(a.public_key)), std::string::npos) << table;
  const std::string server = net::read_key_file(key_file("coordinator"))->secret_key;
  for (const std::string& text :
       {table, read_text(path("run") / "config.toml"), secret.err(), secret.out(), first.err()}) {
    for (const std::string& key : {a.secret_key, b.secret_key, server}) {
      EXPECT_EQ(text.find(key), std::string::npos);
    }
  }
}

TEST_F(Keys, WhatStandsInTheWayIsSaidInItsOwnSentenceAndTriedAgain) {
  const net::CurveKeys a = make_keys("a");
  make_keys("stranger");
  make_keys("other");
  allow({a});
  Process coordinator = lead(words(kEndless) + entrance());
  const Flags there = words(kData) + Flags{"--connect", endpoint()};

  const net::testing::ClosedPort closed;
  Process down = start_client(words(kData) + credentials("a") +
                              Flags{"--connect", closed.endpoint(), "--name", "down"});
  Process unknown = start_client(there + credentials("stranger") + words("--name unknown"));
  Process misled = start_client(there + Flags{"--key", key_file("a").string(), "--server-key",
                                              net::public_key_path(key_file("other")).string(),
                                              "--name", "misled"});
  Process bare = start_client(there + words("--name bare"));
  down.wait_for_err("nobody listens at " + closed.endpoint());
  unknown.wait_for_err("not on its list");
  misled.wait_for_err("does not hold the key of --server-key");
  bare.wait_for_err("speaks with keys only");
  coordinator.wait_for_err("is not on the list; to admit it");
  for (Process* client : {&down, &unknown, &misled, &bare}) EXPECT_TRUE(client->running());

  // Somebody adds the stranger: it is in without a restart of anything.
  allow({a, *net::read_key_file(key_file("stranger"))});
  unknown.wait_for_err("joined run");
  ASSERT_TRUE(wait_for_voters(1));
}

TEST_F(Keys, ARevokedClientIsOutAndTheOthersGoOn) {
  const net::CurveKeys a = make_keys("a");
  const net::CurveKeys b = make_keys("b");
  allow({a, b});
  Process coordinator = lead(words(kEndless) + entrance());
  Process stays = join(1, 2, words(kData) + credentials("a"));
  Process goes = join(2, 2, words(kData) + credentials("b"));
  ASSERT_TRUE(wait_for_voters(2));
  allow({a});
  EXPECT_EQ(goes.wait(), 1);
  EXPECT_NE(goes.err().find("not-allowed"), std::string::npos) << goes.err();
  ASSERT_TRUE(wait_for_voters(1));
  ASSERT_TRUE(wait_for_round(progress().round + 20));
  // It does not come back either.
  Process again = join(2, 2, words(kData) + credentials("b"));
  again.wait_for_err("not on its list");
  coordinator.signal(SIGINT);
  EXPECT_EQ(coordinator.wait(), 130) << coordinator.err();
  EXPECT_EQ(stays.wait(), 0) << stays.err();
  EXPECT_GE(summary().at("net_keys_refused"), 1);
}

TEST_F(Keys, AKeyInTwoPlacesIsSaid) {
  const net::CurveKeys a = make_keys("a");
  const net::CurveKeys twin = make_keys("twin");
  allow({a, twin});
  Process coordinator = lead(words(kEndless) + entrance());
  Process good = join(1, 3, words(kData) + credentials("a"));
  Process one = join(2, 3, words(kData) + credentials("twin"));
  Process other = join(3, 3, words(kData) + credentials("twin"));
  coordinator.wait_for_err("its key may be in two places");
  ASSERT_TRUE(wait_for_round(progress().round + 20));
}

TEST_F(Keys, FlagsThatDoNotGoTogetherAndFilesThatWillNotDoAreRefused) {
  const net::CurveKeys a = make_keys("a");
  allow({a});
  const auto refused = [](Process process, int status, const std::string& sentence) {
    EXPECT_EQ(process.wait(), status);
    EXPECT_EQ(lines_of(process.err()).size(), 1u) << process.err();
    EXPECT_NE(process.err().find(sentence), std::string::npos) << process.err();
  };
  const Flags led = words("--dataset synthetic --model softmax --bind tcp://127.0.0.1:0");
  const Flags joined = words("--dataset synthetic --connect tcp://127.0.0.1:9");
  const std::string key = key_file("a").string();
  const std::string server = net::public_key_path(key_file("coordinator")).string();
  refused(start_coordinator(led + Flags{"--key", key}), 2, "--key goes with --allow");
  refused(start_coordinator(led + Flags{"--allow", list().string()}), 2, "--allow goes with --key");
  refused(start_coordinator(led + entrance() + words("--insecure")), 2, "contradict");
  refused(start_coordinator(led + words("--max-handshakes 0")), 2, "--max-handshakes");
  refused(start_client(joined + Flags{"--key", key}), 2, "--key goes with --server-key");
  refused(start_client(joined + Flags{"--server-key", server}), 2, "--server-key goes with --key");
  refused(start_client(joined + credentials("a") + words("--insecure")), 2, "contradict");

  refused(start_client(joined + Flags{"--key", key, "--server-key", key}), 1,
          "--server-key: " + key + ": is a secret key");
  refused(start_client(joined + Flags{"--key", server, "--server-key", server}), 1, "--key: ");
  refused(start_coordinator(led + Flags{"--key", key, "--allow", path("none").string()}), 1,
          "--allow: " + path("none").string() + ": no such file");
  write_list("# one\nnonsense\n");
  refused(start_coordinator(led + entrance()), 1, list().string() + ": line 2");
  std::filesystem::permissions(key, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  refused(start_client(joined + credentials("a")), 1, "chmod 600 " + key);
}

}  // namespace
}  // namespace psephos::end_to_end
