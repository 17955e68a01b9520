#include "coordinator/session/members.h"

#include <gtest/gtest.h>

#include "runtime/base/philox.h"

namespace psephos::coordinator {
namespace {

TEST(Members, RetiredConnectionsAreRememberedUpToTheNumberOfClients) {
  Members members(3);
  for (int i = 0; i <= 10; ++i) members.join("ann", "peer" + std::to_string(i), Instant{0});
  int remembered = 0;
  for (int i = 0; i <= 10; ++i) remembered += members.is_retired("peer" + std::to_string(i));
  EXPECT_EQ(remembered, 3);
  EXPECT_TRUE(members.is_retired("peer9"));
  EXPECT_FALSE(members.is_retired("peer10"));
}

TEST(Members, ConnectionRetiredAgainIsRememberedFromThen) {
  Members members(3);
  for (const char* peer : {"a", "b", "a", "b", "a", "b"}) members.join("ann", peer, Instant{0});
  EXPECT_TRUE(members.is_retired("a"));
  EXPECT_FALSE(members.is_retired("b"));
  members.join("ben", "c", Instant{0});
  members.join("ben", "d", Instant{0});  // c is retired: one more turn for a
  EXPECT_TRUE(members.is_retired("a"));
}

TEST(Members, TakeoversThatAreFarApartDoNotAddUp) {
  using std::chrono::seconds;
  Members members(3, seconds(100));
  Instant now = seconds(1000);
  const Member* ann = members.join("ann", "p0", now);
  for (int i = 1; i <= 20; ++i) {
    members.join("ann", "p" + std::to_string(i), now += seconds(101));
    EXPECT_EQ(ann->takeovers, 1u);
  }
  members.join("ann", "here", now += seconds(100));
  members.join("ann", "there", now += seconds(1));
  EXPECT_EQ(ann->takeovers, 3u);
}

TEST(Members, WhoeverIsMissingKeepsItsPlace) {
  Members members(1);
  members.restore({"ann", 0});
  EXPECT_EQ(members.join("ben", "p", Instant{0}, 100), nullptr);
  ASSERT_NE(members.join("ann", "p", Instant{0}, 100), nullptr);
  members.find("ann")->missing = false;  // heard of
  members.set_live(*members.find("ann"), false);
  EXPECT_NE(members.join("ben", "q", Instant{0}, 100), nullptr);
  EXPECT_EQ(members.find("ann"), nullptr);
}

// Whoever joins and goes in whatever order: a connection speaks for whom it last joined as, unless
// somebody else joined as that since.
TEST(Members, ConnectionsAndIdentitiesAgreeInRandomHistories) {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    Members members(5);
    std::map<std::string, std::string> owner;  // identity -> connection
    for (std::uint32_t i = 0; i < 60; ++i) {
      const auto words = philox({seed, 1}, 0, Purpose::kFault, i);
      const std::string identity = "id" + std::to_string(below(words[0], 7));
      const std::string peer = "peer" + std::to_string(below(words[1], 7));
      const Instant now{i};
      if (below(words[2], 4) == 0) {
        if (Member* member = members.find(identity)) members.set_live(*member, false);
        continue;
      }
      Member* joined = members.join(identity, peer, now);
      std::erase_if(owner, [&](const auto& one) { return one.second == peer; });
      if (joined == nullptr) continue;
      owner[identity] = peer;
      // Who was forgotten to make room speaks through nobody.
      std::erase_if(owner, [&](const auto& one) { return members.find(one.first) == nullptr; });
      std::uint32_t live = 0;
      for (const auto& [name, member] : members.all()) live += member.live;
      ASSERT_EQ(members.live(), live);
      ASSERT_LE(members.all().size(), 5u);
      for (std::uint32_t p = 0; p < 7; ++p) {
        const std::string other = "peer" + std::to_string(p);
        const auto it = std::find_if(owner.begin(), owner.end(),
                                     [&](const auto& one) { return one.second == other; });
        const Member* found = members.by_peer(other);
        ASSERT_EQ(found != nullptr, it != owner.end()) << "seed " << seed << " step " << i;
        if (found) {
          ASSERT_EQ(found->identity, it->first);
          ASSERT_FALSE(members.is_retired(other));
        }
      }
    }
  }
}

}  // namespace
}  // namespace psephos::coordinator
