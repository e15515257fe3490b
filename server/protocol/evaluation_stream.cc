#include "server/protocol/evaluation_stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/clock.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

absl::Status Failed(const char* what) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    return absl::DeadlineExceededError(std::string(what) + " takes too long");
  }
  return ErrnoToStatus(errno, what);
}

absl::Status ReadAll(int fd, char* to, size_t size, absl::Duration deadline) {
  for (size_t done = 0; done < size;) {
    const ssize_t count = read(fd, to + done, size - done);
    if (count == 0) return absl::DataLossError("the stream ended early");
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed("reading");
    if (Uptime() > deadline) return absl::DeadlineExceededError("reading takes too long");
    done += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

}  // namespace

std::string FrameOf(const google::protobuf::MessageLite& message) {
  std::string frame(sizeof(uint32_t), '\0');
  message.AppendToString(&frame);
  const auto size = static_cast<uint32_t>(frame.size() - sizeof(uint32_t));
  for (size_t i = 0; i < sizeof(size); ++i) frame[i] = static_cast<char>(size >> (8 * i));
  return frame;
}

absl::Status WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed("writing");
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFrame(int fd, int64_t max_bytes, absl::Duration deadline) {
  unsigned char header[sizeof(uint32_t)];
  KUR_RETURN_IF_ERROR(ReadAll(fd, reinterpret_cast<char*>(header), sizeof(header), deadline));
  uint32_t size = 0;
  for (size_t i = 0; i < sizeof(size); ++i) size |= uint32_t{header[i]} << (8 * i);
  if (size > max_bytes) return absl::ResourceExhaustedError("a frame that is too large");
  std::string frame;
  // Grows as the bytes come: a length alone costs nothing.
  constexpr size_t kPiece = 256 << 10;
  while (frame.size() < size) {
    const size_t begin = frame.size();
    frame.resize(std::min<size_t>(size, begin + kPiece));
    KUR_RETURN_IF_ERROR(ReadAll(fd, &frame[begin], frame.size() - begin, deadline));
  }
  return frame;
}

}  // namespace kur::server
