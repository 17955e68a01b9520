#include <gtest/gtest.h>

#include "runtime/net/sockets.h"

namespace psephos::net {
namespace {

TEST(Endpoint, TakesHostsAndPorts) {
  for (const char* good : {"tcp://127.0.0.1:5580", "tcp://localhost:1", "tcp://[::1]:65535",
                           "tcp://votes.example.org:5580", "tcp://eth0:5580"}) {
    EXPECT_TRUE(check_endpoint(good, false).ok()) << good;
    EXPECT_TRUE(check_endpoint(good, true).ok()) << good;
  }
}

TEST(Endpoint, OnlyBindingMayLeaveHostAndPortOpen) {
  EXPECT_TRUE(check_endpoint("tcp://*:5580", true).ok());
  EXPECT_TRUE(check_endpoint("tcp://127.0.0.1:0", true).ok());
  EXPECT_FALSE(check_endpoint("tcp://*:5580", false).ok());
  EXPECT_FALSE(check_endpoint("tcp://127.0.0.1:0", false).ok());
}

TEST(Endpoint, RefusesEverythingElseAndNamesTheFlag) {
  for (const char* bad :
       {"", "5580", "127.0.0.1:5580", "tcp://", "tcp://127.0.0.1", "tcp://:5580",
        "tcp://127.0.0.1:", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1", "tcp://127.0.0.1:5580x",
        "tcp://127.0.0.1: 5580", "udp://127.0.0.1:5580", "tcp://a b:5580", "tcp://::1:5580",
        "tcp://[]:5580", "tcp://10.0.0.1;10.0.0.2:5580", "inproc://votes"}) {
    EXPECT_FALSE(check_endpoint(bad, true).ok()) << bad;
    const Status connecting = check_endpoint(bad, false);
    ASSERT_FALSE(connecting.ok()) << bad;
    EXPECT_NE(connecting.error().text.find("--connect"), std::string::npos);
  }
  EXPECT_FALSE(check_endpoint("tcp://" + std::string(300, 'a') + ":5580", true).ok());
}

TEST(Endpoint, KnowsLoopback) {
  for (const char* near :
       {"tcp://127.0.0.1:5580", "tcp://127.1.2.3:0", "tcp://localhost:5580", "tcp://[::1]:5580"}) {
    EXPECT_TRUE(is_loopback(near)) << near;
  }
  for (const char* far : {"tcp://*:5580", "tcp://0.0.0.0:5580", "tcp://192.168.0.1:5580",
                          "tcp://127.0.0.1.example.org:5580", "tcp://127.evil.example.org:1",
                          "tcp://[::]:5580", "ipc:///run/psephos", "nonsense"}) {
    EXPECT_FALSE(is_loopback(far)) << far;
  }
}

}  // namespace
}  // namespace psephos::net
