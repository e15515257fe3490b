#include "server/api/jobs_service.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "google/protobuf/message.h"
#include "server/api/download_reactor.h"
#include "server/api/unary.h"

namespace kur::server {
namespace {

// Ends a stream before it has begun. Deletes itself.
template <class Response>
class RefusedStream : public grpc::ServerWriteReactor<Response> {
 public:
  explicit RefusedStream(const absl::Status& status) { this->Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* JobsService::SubmitJob(grpc::CallbackServerContext* context,
                                                 const v1::SubmitJobRequest* request,
                                                 v1::Job* response) {
  const auto reserve = [&](const Caller& caller) -> absl::StatusOr<UserQuota::Share> {
    KUR_RETURN_IF_ERROR(JobManager::CheckSize(*request));
    return limits_.TakeRequest(caller, *request);
  };
  return HandleOnPool(
      pool_, context, authenticator_, Action::kSubmitJob, response, reserve,
      [this, request](const Caller& caller) { return jobs_.Submit(caller, *request); });
}

grpc::ServerUnaryReactor* JobsService::GetJob(grpc::CallbackServerContext* context,
                                              const v1::GetJobRequest* request, v1::Job* response) {
  return HandleInline(context, authenticator_, Action::kViewJob, response,
                      [&](const Caller& caller) { return jobs_.Get(caller, request->name()); });
}

grpc::ServerUnaryReactor* JobsService::ListJobs(grpc::CallbackServerContext* context,
                                                const v1::ListJobsRequest* request,
                                                v1::ListJobsResponse* response) {
  return HandleInline(context, authenticator_, Action::kViewServer, response,
                      [&](const Caller& caller) { return jobs_.List(caller, *request); });
}

grpc::ServerUnaryReactor* JobsService::CancelJob(grpc::CallbackServerContext* context,
                                                 const v1::CancelJobRequest* request,
                                                 v1::Job* response) {
  return HandleInline(context, authenticator_, Action::kControlJob, response,
                      [&](const Caller& caller) { return jobs_.Cancel(caller, request->name()); });
}

grpc::ServerUnaryReactor* JobsService::CheckpointJob(grpc::CallbackServerContext* context,
                                                     const v1::CheckpointJobRequest* request,
                                                     v1::CheckpointJobResponse* response) {
  return HandleInline(context, authenticator_, Action::kControlJob, response,
                      [&](const Caller& caller) -> absl::StatusOr<v1::CheckpointJobResponse> {
                        KUR_RETURN_IF_ERROR(jobs_.RequestCheckpoint(caller, request->name()));
                        return v1::CheckpointJobResponse();
                      });
}

grpc::ServerWriteReactor<v1::Event>* JobsService::WatchEvents(
    grpc::CallbackServerContext* context, const v1::WatchEventsRequest* request) {
  auto admission =
      Admission::AdmitStream(*context, authenticator_, Action::kViewJob, limits_, kFilesOfWatch);
  if (!admission.ok()) return new RefusedStream<v1::Event>(admission.status());
  absl::Status valid = CheckIsSmall(*request);
  if (request->from() < 0) valid.Update(absl::InvalidArgumentError("from is negative"));
  if (!valid.ok()) return new RefusedStream<v1::Event>(valid);
  // Without `this`, which may have gone before a task whose watch is over.
  const auto open = [&jobs = jobs_, name = request->name()](const Caller& caller) {
    return jobs.Events(caller, name);
  };
  return WatchReactor::Begin(*std::move(admission), *request, open, watch_pool_, watches_);
}

grpc::ServerUnaryReactor* JobsService::GetKurfile(grpc::CallbackServerContext* context,
                                                  const v1::GetKurfileRequest* request,
                                                  v1::FrozenKurfile* response) {
  return HandleInline(context, authenticator_, Action::kReadJob, response,
                      [&](const Caller& caller) { return jobs_.Kurfile(caller, request->name()); });
}

grpc::ServerUnaryReactor* JobsService::ListArtifacts(grpc::CallbackServerContext* context,
                                                     const v1::ListArtifactsRequest* request,
                                                     v1::ListArtifactsResponse* response) {
  return HandleInline(context, authenticator_, Action::kReadJob, response,
                      [&](const Caller& caller) -> absl::StatusOr<v1::ListArtifactsResponse> {
                        KUR_ASSIGN_OR_RETURN(const auto artifacts,
                                             jobs_.Artifacts(caller, request->name()));
                        v1::ListArtifactsResponse list;
                        for (const v1::Artifact& artifact : artifacts)
                          *list.add_artifacts() = artifact;
                        return list;
                      });
}

absl::StatusOr<OpenedArtifact> JobsService::ArtifactFor(
    const Caller& caller, const v1::DownloadArtifactRequest& request) {
  KUR_RETURN_IF_ERROR(CheckIsSmall(request));
  KUR_ASSIGN_OR_RETURN(
      auto opened, jobs_.OpenArtifact(caller, request.name(), request.path(), request.sha256()));
  if (request.offset() < 0 || request.offset() > opened.artifact.size()) {
    return absl::OutOfRangeError(absl::StrCat("offset ", request.offset(), " is not within the ",
                                              opened.artifact.size(), " bytes of the file"));
  }
  return opened;
}

grpc::ServerWriteReactor<v1::DownloadArtifactResponse>* JobsService::DownloadArtifact(
    grpc::CallbackServerContext* context, const v1::DownloadArtifactRequest* request) {
  using Refused = RefusedStream<v1::DownloadArtifactResponse>;
  auto admission =
      Admission::AdmitStream(*context, authenticator_, Action::kReadJob, limits_, kFilesOfDownload);
  if (!admission.ok()) return new Refused(admission.status());
  auto opened = ArtifactFor(admission->caller(), *request);
  if (!opened.ok()) return new Refused(opened.status());
  return new DownloadReactor(*std::move(admission), *std::move(opened), request->offset());
}

}  // namespace kur::server
