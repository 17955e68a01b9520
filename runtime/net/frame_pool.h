#pragma once
// Buffers for received frames, used again: a fresh one would be filled with zeros by its vector and
// faulted in page by page by the kernel before the frame is copied into it, which together costs
// more than the copy. Private to runtime/net.

#include <cstddef>
#include <memory>
#include <span>

#include "runtime/base/bytes.h"

namespace psephos::net {

// Smaller frames are made anew: an allocator keeps a page or two at hand without help, and a
// heartbeat would only hold the memory of a ballot.
inline constexpr std::size_t kLeastPooledBytes = 4096;

class FramePool {
 public:
  // `most_bytes`: how much memory of frames that are gone is kept for those to come.
  explicit FramePool(std::size_t most_bytes);

  // A frame of these bytes. It may outlive the pool and be let go by any thread; making frames is
  // one thread's business.
  Frame copy(std::span<const std::uint8_t> bytes);

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace psephos::net
