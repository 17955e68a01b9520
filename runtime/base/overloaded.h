#pragma once
// One function object out of several, for std::visit: an overload per alternative and none that
// takes them all, so that a new alternative does not compile until it is handled.

namespace psephos {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace psephos
