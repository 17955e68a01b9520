#include "runtime/net/frame_pool.h"

#include <iterator>
#include <map>
#include <mutex>
#include <utility>

namespace psephos::net {

// Shared with every frame that is out, so that the last of them may come back to nobody.
struct FramePool::Shelf {
  std::mutex mutex;
  std::multimap<std::size_t, std::unique_ptr<Bytes>> buffers;  // by capacity
  std::size_t bytes = 0;                                       // capacity of all buffers
  std::size_t most_bytes = 0;

  // The smallest with room for `size` bytes, of several the one put back last: more of it is in a
  // cache. A new one where none has room: making a small one larger would throw its memory away.
  std::unique_ptr<Bytes> take(std::size_t size) {
    const std::lock_guard lock(mutex);
    const auto fits = buffers.lower_bound(size);
    if (fits == buffers.end()) return std::make_unique<Bytes>();
    const auto last = std::prev(buffers.upper_bound(fits->first));
    std::unique_ptr<Bytes> buffer = std::move(last->second);
    bytes -= last->first;
    buffers.erase(last);
    return buffer;
  }

  void put_back(std::unique_ptr<Bytes> buffer) {
    const std::lock_guard lock(mutex);
    const std::size_t capacity = buffer->capacity();
    if (capacity > most_bytes - bytes) return;
    bytes += capacity;
    buffers.emplace(capacity, std::move(buffer));
  }
};

FramePool::FramePool(std::size_t most_bytes) : shelf_(std::make_shared<Shelf>()) {
  shelf_->most_bytes = most_bytes;
}

Frame FramePool::copy(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kLeastPooledBytes) {
    return std::make_shared<const Bytes>(bytes.begin(), bytes.end());
  }
  std::unique_ptr<Bytes> buffer = shelf_->take(bytes.size());
  buffer->assign(bytes.begin(), bytes.end());
  return Frame(buffer.release(), [shelf = shelf_](const Bytes* used) {
    shelf->put_back(std::unique_ptr<Bytes>(const_cast<Bytes*>(used)));
  });
}

}  // namespace psephos::net
