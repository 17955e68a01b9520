#include "runtime/net/frame_pool.h"

#include <mutex>
#include <utility>
#include <vector>

namespace psephos::net {

// Shared with every frame that is out, so that the last of them may come back to nobody.
struct FramePool::Shelf {
  std::mutex mutex;
  std::vector<std::unique_ptr<Bytes>> buffers;
  std::size_t bytes = 0;  // capacity of all buffers
  std::size_t most_bytes = 0;

  std::unique_ptr<Bytes> take() {
    const std::lock_guard lock(mutex);
    if (buffers.empty()) return std::make_unique<Bytes>();
    std::unique_ptr<Bytes> buffer = std::move(buffers.back());
    buffers.pop_back();
    bytes -= buffer->capacity();
    return buffer;
  }

  void put_back(std::unique_ptr<Bytes> buffer) {
    const std::lock_guard lock(mutex);
    if (buffer->capacity() > most_bytes - bytes) return;
    bytes += buffer->capacity();
    buffers.push_back(std::move(buffer));
  }
};

FramePool::FramePool(std::size_t most_bytes) : shelf_(std::make_shared<Shelf>()) {
  shelf_->most_bytes = most_bytes;
}

Frame FramePool::copy(std::span<const std::uint8_t> bytes) {
  std::unique_ptr<Bytes> buffer = shelf_->take();
  buffer->assign(bytes.begin(), bytes.end());
  return Frame(buffer.release(), [shelf = shelf_](const Bytes* used) {
    shelf->put_back(std::unique_ptr<Bytes>(const_cast<Bytes*>(used)));
  });
}

}  // namespace psephos::net
