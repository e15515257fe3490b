#ifndef KUR_SERVER_PROTOCOL_EVALUATION_STREAM_H_
#define KUR_SERVER_PROTOCOL_EVALUATION_STREAM_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/protocol/evaluation.pb.h"

namespace kur::server {

// How kurd and kurd-evaluator talk. kurd starts the evaluator with one end of a SOCK_SEQPACKET pair
// as its descriptor kControlFd. The evaluator first sends, as one message, kReady and what the
// kernel lacks of what it needs to be confined, in words for the operator; then it serves. For
// every evaluation kurd sends one end of a SOCK_STREAM pair as a descriptor (SCM_RIGHTS); a process
// of its own reads an EvaluationRequest from it, and writes an EvaluationResponse: each as a frame.
constexpr int kControlFd = 3;
constexpr absl::string_view kReady = "ready";

// The largest frame of each kind.
constexpr int64_t kMaxEvaluationRequestBytes = int64_t{24} << 20;
constexpr int64_t kMaxEvaluationResponseBytes = int64_t{4} << 20;

// Returns a message as a frame: its length in bytes as a little-endian uint32, and its bytes.
std::string FrameOf(const google::protobuf::MessageLite& message);

// Writes all of `bytes` to a socket. DEADLINE_EXCEEDED if a timeout of the socket passes.
absl::Status WriteAll(int fd, absl::string_view bytes);

// Reads the bytes of one frame. RESOURCE_EXHAUSTED for a frame of more than `max_bytes`, DATA_LOSS
// if the stream ends before the frame does, DEADLINE_EXCEEDED if the socket's timeout passes
// without a byte, or if bytes still come when Uptime() is past `deadline`.
absl::StatusOr<std::string> ReadFrame(int fd, int64_t max_bytes,
                                      absl::Duration deadline = absl::InfiniteDuration());

}  // namespace kur::server

#endif  // KUR_SERVER_PROTOCOL_EVALUATION_STREAM_H_
