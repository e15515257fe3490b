// Any message, and any bytes in a frame, as the answer of a kurd-evaluator that a stranger has
// taken over.

#include <sys/socket.h>

#include "engine/base/unique_fd.h"
#include "engine/value/diagnostics.h"
#include "server/protocol/evaluation_stream.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/submission_environment.h"

KUR_FUZZ_MESSAGES(kur::server::EvaluationResponse)

namespace kur::server {
namespace {

using fuzz::Require;

class HostileEvaluator : public KurfileEvaluator {
 public:
  absl::StatusOr<EvaluationResponse> Evaluate(const EvaluationRequest&) override { return answer; }

  EvaluationResponse answer;
};

// Reads a frame from a socket into which `bytes` were written before it was closed.
absl::StatusOr<std::string> ReadFrameOf(absl::string_view bytes, int64_t max_bytes) {
  int ends[2];
  Require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  Require(WriteAll(writer.get(), bytes).ok());
  writer.reset();
  return ReadFrame(reader.get(), max_bytes);
}

v1::SubmitJobRequest Request(v1::Mode mode) {
  v1::SubmitJobRequest request;
  request.set_request_id("r");
  request.set_mode(mode);
  request.set_kurfile("k.yml");
  v1::SourceFile& source = *request.add_sources();
  source.set_path("k.yml");
  source.set_content("not read");
  v1::Input& input = *request.add_inputs();
  input.set_path("data.pkl");
  input.set_sha256(Sha256Hex(SubmissionEnvironment::kContent));
  input.set_size(SubmissionEnvironment::kContentBytes);
  return request;
}

// Reads the input as a frame with its length, which may lie.
void ReadAsFrame(absl::string_view input) {
  constexpr int64_t kMostBytes = 1024;
  const auto frame = ReadFrameOf(input, kMostBytes);
  Require(frame.ok()
              ? static_cast<int64_t>(frame->size()) <= kMostBytes
              : absl::IsDataLoss(frame.status()) || absl::IsResourceExhausted(frame.status()));
}

}  // namespace
}  // namespace kur::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using kur::fuzz::Require;
  static auto* const environment = new kur::server::SubmissionEnvironment;
  static auto* const evaluator = new kur::server::HostileEvaluator;
  kur::server::ReadAsFrame(kur::fuzz::Text(data, size));
  if (!evaluator->answer.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto frame = kur::server::ReadFrameOf(kur::server::FrameOf(evaluator->answer), 1 << 20);
  Require(frame.ok() && evaluator->answer.ParseFromString(*frame));
  for (const kur::v1::Mode mode : {kur::v1::MODE_TRAIN, kur::v1::MODE_INSPECT}) {
    const auto job = environment->Freeze(*evaluator, kur::server::Request(mode));
    if (job.ok()) {
      Require(evaluator->answer.errors().empty());
      kur::server::RequireFrozen(*job);
      continue;
    }
    kur::fuzz::RequireSendableRefusal(job.status());
    // The latter for a secret that is not there.
    Require(absl::IsInvalidArgument(job.status()) || absl::IsFailedPrecondition(job.status()));
    Require(kur::DiagnosticsOf(job.status()).size() <= 100);
  }
  return 0;
}
