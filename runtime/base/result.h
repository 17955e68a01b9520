#pragma once
// Result<T>: a value, or a sentence for the person who can do something about it.
//
// Used wherever the world may misbehave (a frame, a file, a peer, a flag). Shaped like
// std::expected, which the toolchain lacks. Broken invariants of our own are PSEPHOS_CHECK's
// business instead.

#include <string>
#include <utility>
#include <variant>

#include "runtime/base/check.h"

namespace psephos {

// `text` is one sentence without a final period: what is wrong, and what to do about it.
struct Error {
  std::string text;
};

// The value of an operation that yields nothing but success.
struct Ok {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Both abort when the result is of the other kind.
  const T& value() const& {
    PSEPHOS_CHECK(ok(), "value() of a failed result");
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    PSEPHOS_CHECK(ok(), "value() of a failed result");
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    PSEPHOS_CHECK(ok(), "value() of a failed result");
    return std::move(*std::get_if<0>(&state_));
  }
  const Error& error() const {
    PSEPHOS_CHECK(!ok(), "error() of a successful result");
    return *std::get_if<1>(&state_);
  }

  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<Ok>;

}  // namespace psephos
