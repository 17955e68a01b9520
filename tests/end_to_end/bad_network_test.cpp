// Bad neighbours: coordinators that are not there, clients of other runs, and noise.

#include <csignal>
#include <memory>
#include <vector>

#include "runtime/base/philox.h"
#include "runtime/wire/message.h"
#include "tests/end_to_end/bad_input.h"
#include "tests/runtime/net/peers.h"

namespace psephos::end_to_end {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

using BadNetwork = BadInput;

TEST_F(BadNetwork, APortInUseIsSaid) {
  Process coordinator = lead(kSynthetic, "first");
  const auto before = things();
  expect_refusal(
      start_coordinator(kSynthetic + Flags{"--bind", endpoint(), "--out", path("second").string()}),
      kFailure, "in use", before);
}

TEST_F(BadNetwork, ACoordinatorThatIsNotThereIsAskedAgainAndAgain) {
  const net::testing::ClosedPort port;
  Process client = start_client(
      kSynthetic + Flags{"--connect", port.endpoint(), "--save", path("final.npy").string()});
  client.wait_for_err("does not answer: still trying");
  EXPECT_TRUE(client.running());
  client.signal(SIGINT);
  EXPECT_EQ(client.wait(), 130);
  EXPECT_FALSE(fs::exists(path("final.npy")));
}

TEST_F(BadNetwork, ACoordinatorMayComeAfterItsClients) {
  std::string endpoint;
  {
    const net::testing::ClosedPort port;
    endpoint = port.endpoint();
  }
  Process client = start_client(kSynthetic + Flags{"--connect", endpoint});
  client.wait_for_err("does not answer: still trying");
  Process coordinator =
      start_coordinator(kSynthetic + words("--model softmax --rounds 5 --bind") + Flags{endpoint});
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  EXPECT_EQ(client.wait(), 0) << client.err();
}

TEST_F(BadNetwork, AClientWithOtherDataIsToldSo) {
  Process coordinator =
      lead(kSynthetic + words("--model softmax --partition iid --parts 3 --min-voters 3"));
  const Flags there = kSynthetic + Flags{"--connect", endpoint()};
  take_part(there + words("--seed 1 --part 1/4"), kFailure, "another partition");
  take_part(there + words("--seed 2 --part 1/3"), kFailure, "another partition");
  take_part(there + words("--seed 1 --part 1/3 --partition shards:2"), kFailure,
            "another partition");
  EXPECT_TRUE(coordinator.running());
}

TEST_F(BadNetwork, AClientWhoseDataMakesAnotherModelIsToldSo) {
  Process coordinator = lead(kSynthetic + words("--model softmax --min-voters 2"));
  const Flags there = {"--connect", endpoint()};
  const fs::path larger = idx_folder("larger", 50, 9, 10);
  take_part(there + Flags{"--dataset", "idx:" + larger.string()}, kFailure, "650 parameters");
  const fs::path more = idx_folder("more", 50, 8, 11);  // a label beyond the run's classes
  take_part(there + Flags{"--dataset", "idx:" + more.string()}, kFailure, "11 classes");
  take_part(there + kSynthetic + words("--max-parameters 600"), kFailure, "650");
  take_part(there + kSynthetic + words("--run 1234"), kFailure, "run ");
  EXPECT_TRUE(coordinator.running());
}

// The run knows how many classes there are; a device need not have seen all of them, nor own a test
// set.
TEST_F(BadNetwork, AClientThatLacksClassesAndATestSetTakesPart) {
  const fs::path all = idx_folder("all", 60, 8, 10);
  const fs::path some = idx_folder("some", 60, 8, 3);
  for (const char* test_file : {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    for (const char* ending : {"", ".gz"}) fs::remove(some / (std::string(test_file) + ending));
  }
  Process coordinator = lead(Flags{"--dataset", "idx:" + all.string()} +
                             words("--model softmax --rounds 20 --min-voters 2"));
  Process poor = start_client(
      Flags{"--connect", endpoint(), "--name", "poor", "--dataset", "idx:" + some.string()});
  Process rich = start_client(
      Flags{"--connect", endpoint(), "--name", "rich", "--dataset", "idx:" + all.string()});
  EXPECT_EQ(poor.wait(), 0) << poor.err();
  EXPECT_EQ(rich.wait(), 0) << rich.err();
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
}

TEST_F(BadNetwork, AnotherProtocolVersionIsRefusedWithWhatToDo) {
  Process coordinator = lead(kSynthetic);
  net::Context context;
  auto socket = net::DealerSocket::connect(context, endpoint(), 1 << 20, 1000);
  ASSERT_TRUE(socket) << socket.error().text;
  wire::Join join;
  join.protocol_min = join.protocol_max = wire::kProtocol + 1;
  join.name = "from-the-future";
  join.arithmetic = "any";
  ASSERT_TRUE(net::testing::send_eventually(*socket, wire::build(join)));
  const auto frame = net::testing::next_frame(*socket);
  ASSERT_TRUE(frame);
  const auto answer = wire::read_coordinator_frame(**frame, 1 << 20);
  ASSERT_TRUE(answer) << answer.error().text;
  const auto* refusal = std::get_if<wire::Refusal>(&*answer);
  ASSERT_NE(refusal, nullptr);
  EXPECT_EQ(wire::refusal_word(refusal->code), "protocol");
  EXPECT_NE(refusal->text.find("install the client's version"), std::string::npos) << refusal->text;
}

// ---- hostility ---------------------------------------------------------------------------------

std::string noise(std::size_t bytes, std::uint32_t seed) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) {
    text[i] = static_cast<char>(
        philox_word({seed, 0}, 0, Purpose::kIdentifier, static_cast<std::uint64_t>(i)));
  }
  return text;
}

// Every frame that differs from a good one in a byte, and every beginning of it.
std::vector<std::string> almost_frames(const Frame& good) {
  const std::string bytes(good->begin(), good->end());
  std::vector<std::string> frames;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    frames.push_back(bytes);
    frames.back()[i] = static_cast<char>(~bytes[i]);
    frames.push_back(bytes.substr(0, i));
  }
  return frames;
}

class Hostility : public BadInput {
 protected:
  void shout(const std::string& bytes) {
    shouters_.push_back(std::make_unique<net::testing::RawTcp>(endpoint()));
    shouters_.back()->send(bytes);
  }

  // Connections that never become a peer, or turn out to be none.
  void shout_at_the_port() {
    const std::string greeting("\xff\0\0\0\0\0\0\0\x01\x7f\x03\x00NULL", 16);
    for (std::uint32_t i = 0; i < 10; ++i) {
      shout(noise(1 + 997 * i, i));
      shout(greeting.substr(0, 2 * i));
    }
    shout("GET / HTTP/1.1\r\n\r\n");
    // Long frames: of almost 2^63 bytes and of 2^64 - 1, which nobody waits for, and half of an
    // honest one.
    for (const char* length :
         {"\x7f\xff\xff\xff\xff\xff\xff\xff", "\xff\xff\xff\xff\xff\xff\xff\xff"}) {
      net::testing::RawTcp& peer = become_a_peer();
      peer.send('\x02' + std::string(length, 8));
      EXPECT_TRUE(peer.hung_up_within(kPatience));
    }
    become_a_peer().send(std::string("\x02\0\0\0\0\0\x01\0\0half", 13));
  }

  // Peers that speak ZeroMQ and nothing else that makes sense. How many frames of theirs cannot be
  // read at least.
  std::uint64_t babble() {
    std::uint64_t unreadable = 0;
    net::testing::RawDealer dealer(endpoint());
    for (std::uint32_t i = 0; i < 200; ++i) dealer.send({noise(i, i)});
    dealer.send({""});
    dealer.send({"several", "parts", "", "of a message"});
    unreadable += 202;
    net::testing::RawDealer huge(endpoint());  // beyond the bound: it is cut off
    huge.send({std::string(10'000'000, 'x')});
    EXPECT_TRUE(huge.turned_away_within(kPatience));
    (void)joined(dealer, "noise");

    net::testing::RawDealer almost(endpoint());
    const Frame join = wire::build(join_of("almost"));
    for (const std::string& frame : almost_frames(join)) almost.send({frame});
    unreadable += join->size() / 2;  // of what is cut off at the end, some may be padding
    (void)joined(almost, "almost");

    // As a member now, of this session: ballots with planes of a wrong length, and damaged ones.
    net::testing::RawDealer member(endpoint());
    Frame ballot;
    EXPECT_TRUE(told_malformed(member, ballot));
    ++unreadable;
    for (const std::string& frame : almost_frames(ballot)) member.send({frame});
    unreadable += ballot->size() / 2;
    (void)joined(member, "member");
    return unreadable;
  }

 private:
  static wire::Join join_of(const std::string& name) {
    wire::Join join;
    join.name = name;
    join.arithmetic = "any";
    return join;
  }
  static std::string text_of(const Frame& frame) { return {frame->begin(), frame->end()}; }

  net::testing::RawTcp& become_a_peer() {
    shouters_.push_back(std::make_unique<net::testing::RawTcp>(endpoint()));
    EXPECT_TRUE(shouters_.back()->greet("NULL"));
    shouters_.back()->say_ready();
    return *shouters_.back();
  }

  // The coordinator's next message of a kind; nothing where it does not come soon.
  template <class T>
  static std::optional<T> next(net::testing::RawDealer& peer) {
    while (const auto bytes = peer.receive_within(milliseconds(300))) {
      const Bytes frame(bytes->begin(), bytes->end());
      const auto message = wire::read_coordinator_frame(frame, 1 << 20);
      if (const T* one = message ? std::get_if<T>(&*message) : nullptr) return *one;
    }
    return std::nullopt;
  }
  // Joins, again and again until that is answered: then everything the peer said before has been
  // taken in. (An answer may be skipped when too many wait, or be a wait.)
  std::optional<wire::Welcome> joined(net::testing::RawDealer& peer, const std::string& name) {
    for (const auto end = std::chrono::steady_clock::now() + kPatience;
         std::chrono::steady_clock::now() < end;) {
      peer.send({text_of(wire::build(join_of(name)))});
      if (auto welcome = next<wire::Welcome>(peer)) return welcome;
    }
    ADD_FAILURE() << name << " was not let in";
    return std::nullopt;
  }
  // Votes in the open round with planes that are too long, until that is answered: rounds go on
  // meanwhile, and a ballot of one that is over is not looked at.
  bool told_malformed(net::testing::RawDealer& peer, Frame& ballot_frame) {
    const std::vector<std::uint8_t> planes(88, 0xff);
    for (const auto end = std::chrono::steady_clock::now() + kPatience;
         std::chrono::steady_clock::now() < end;) {
      const auto welcome = joined(peer, "member");
      if (!welcome) return false;
      wire::Ballot ballot;
      ballot.session = welcome->session;
      ballot.run = welcome->run;
      ballot.round = welcome->round;
      ballot.encoding = Encoding::kBinary;
      ballot.planes = planes;
      ballot.samples = 1;
      ballot_frame = wire::build(ballot);
      peer.send({text_of(ballot_frame)});
      const auto refusal = next<wire::Refusal>(peer);
      if (refusal && wire::refusal_word(refusal->code) == "malformed") return true;
    }
    return false;
  }

  std::vector<std::unique_ptr<net::testing::RawTcp>> shouters_;
};

TEST_F(Hostility, NothingThrownAtThePortKeepsGoodClientsFromVoting) {
  Process coordinator = lead(kSynthetic + words("--model softmax --rounds 100000000 --min-voters 2 "
                                                "--heartbeat-ms 100 --deadline-ms 100 --quiet"));
  Process first = join(1, 2, kSynthetic + words("--seed 1"));
  Process second = join(2, 2, kSynthetic + words("--seed 1"));
  ASSERT_TRUE(wait_for_round(10));
  shout_at_the_port();
  const std::uint64_t unreadable = babble();
  ASSERT_TRUE(wait_for_round(progress().round + 50));
  coordinator.signal(SIGINT);
  EXPECT_EQ(coordinator.wait(), 130) << coordinator.err();
  for (Process* client : {&first, &second}) {
    EXPECT_EQ(client->wait(), 0) << client->err();
    EXPECT_EQ(fingerprint_in(client->out()), summary().at("fingerprint"));
  }
  EXPECT_GE(summary().at("net_frames_malformed"), unreadable);
}

}  // namespace
}  // namespace psephos::end_to_end
