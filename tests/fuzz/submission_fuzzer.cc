// Any message as a submission: the limits of the request, the evaluation as kurd-evaluator makes
// it, the checks of the answer, and the frozen job, whose sources are written to a folder.

#include <filesystem>

#include "kur/v1/kur.pb.h"
#include "server/evaluator/evaluation.h"
#include "server/protocol/evaluation_stream.h"
#include "server/protocol/run_directory.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/submission_environment.h"

KUR_FUZZ_MESSAGES(kur::v1::SubmitJobRequest)

namespace kur::server {
namespace {

using fuzz::Require;

// Sends question and answer as bytes, as kurd and kurd-evaluator do. What the evaluator says of a
// stranger's Kurfile is a good answer, whatever the Kurfile is.
class FramedEvaluator : public KurfileEvaluator {
 public:
  absl::StatusOr<EvaluationResponse> Evaluate(const EvaluationRequest& request) override {
    EvaluationRequest asked;
    Require(asked.ParseFromString(request.SerializeAsString()));
    const std::string bytes = server::Evaluate(asked).SerializeAsString();
    EvaluationResponse answer;
    Require(static_cast<int64_t>(bytes.size()) <= kMaxEvaluationResponseBytes);
    Require(answer.ParseFromString(bytes) && CheckResponse(answer).ok());
    return answer;
  }
};

void RequireSourcesAreFiles(const NewJob& job) {
  static const auto* const kFolder = new TemporaryDirectory;
  const std::string inside = kFolder->File("source");
  Require(std::filesystem::create_directory(inside));
  Require(WriteSources(FileSystem::Posix(), inside, job.sources).ok());
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(inside)) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  Require(files == job.sources.size());
  std::filesystem::remove_all(inside);
  Require(std::filesystem::is_empty(kFolder->path()));
}

}  // namespace
}  // namespace kur::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using kur::fuzz::Require;
  static auto* const environment = new kur::server::SubmissionEnvironment;
  static auto* const evaluator = new kur::server::FramedEvaluator;
  kur::v1::SubmitJobRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto job = environment->Freeze(*evaluator, request);
  if (!job.ok()) {
    kur::fuzz::RequireSendableRefusal(job.status());
    Require(absl::IsInvalidArgument(job.status()) || absl::IsFailedPrecondition(job.status()));
    return 0;
  }
  kur::server::RequireFrozen(*job);
  kur::server::RequireSourcesAreFiles(*job);
  // What kurd does not ask for is the same another time.
  auto again = environment->Freeze(*evaluator, request);
  Require(again.ok());
  again->frozen.set_secret(job->frozen.secret());
  again->frozen.set_seed(job->frozen.seed());
  Require(again->frozen.SerializeAsString() == job->frozen.SerializeAsString());
  return 0;
}
