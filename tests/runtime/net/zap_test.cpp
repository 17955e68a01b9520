#include "runtime/net/zap.h"

#include <gtest/gtest.h>
#include <zmq.h>

#include <vector>

#include "runtime/net/curve_keys.h"

namespace psephos::net {
namespace {

class Zap : public ::testing::Test {
 protected:
  std::vector<std::string> frames(const std::string& domain, const std::string& mechanism) const {
    std::string raw(32, '\0');
    zmq_z85_decode(reinterpret_cast<std::uint8_t*>(raw.data()), key_.c_str());
    return {"1.0", "7", domain, "192.0.2.7", "", mechanism, raw};
  }

  const std::string key_ = make_curve_keys()->public_key;
  const AllowList list_ = AllowList::of({key_});
};

TEST_F(Zap, AListedKeyOfOurDomainMayComeIn) {
  const auto request = read_zap_request(frames("psephos", "CURVE"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, "7");
  EXPECT_EQ(request->address, "192.0.2.7");
  EXPECT_EQ(request->key, key_);
  EXPECT_TRUE(may_come_in(*request, list_));
  EXPECT_FALSE(may_come_in(*request, AllowList::of({make_curve_keys()->public_key})));
}

TEST_F(Zap, NoOtherDomainNorMechanismMay) {
  for (const char* domain : {"", "global", "psephos2"}) {
    EXPECT_FALSE(may_come_in(*read_zap_request(frames(domain, "CURVE")), list_)) << domain;
  }
  for (const char* mechanism : {"NULL", "PLAIN", "GSSAPI", ""}) {
    EXPECT_FALSE(may_come_in(*read_zap_request(frames("psephos", mechanism)), list_)) << mechanism;
  }
}

TEST_F(Zap, WhatIsNoRequestIsNone) {
  std::vector<std::string> good = frames("psephos", "CURVE");
  std::vector<std::string> other = good;
  other[0] = "1.1";
  EXPECT_FALSE(read_zap_request(other));
  EXPECT_FALSE(read_zap_request({}));
  EXPECT_FALSE(read_zap_request(std::span(good).first(5)));
  // Without a credential, with half of one, with two.
  EXPECT_FALSE(may_come_in(*read_zap_request(std::span(good).first(6)), list_));
  other = good;
  other[6].resize(31);
  EXPECT_FALSE(may_come_in(*read_zap_request(other), list_));
  good.push_back("more");
  EXPECT_FALSE(may_come_in(*read_zap_request(good), list_));
}

}  // namespace
}  // namespace psephos::net
