#ifndef KUR_SERVER_API_JOBS_SERVICE_H_
#define KUR_SERVER_API_JOBS_SERVICE_H_

#include "kur/v1/kur.grpc.pb.h"
#include "server/api/call_limits.h"
#include "server/api/watch_reactor.h"
#include "server/auth/authenticator.h"
#include "server/jobs/job_manager.h"
#include "server/net/task_pool.h"

namespace kur::server {

// kur.v1.Jobs: identifies the caller, delegates to the manager, converts the result. Thread-safe.
class JobsService final : public v1::Jobs::CallbackService {
 public:
  // Everything must outlive the server. Submissions are checked on threads of `pool`, events opened
  // on those of `watch_pool`.
  JobsService(JobManager& jobs, const Authenticator& authenticator, TaskPool& pool,
              TaskPool& watch_pool, CallLimits& limits, Metrics& metrics)
      : jobs_(jobs),
        authenticator_(authenticator),
        pool_(pool),
        watch_pool_(watch_pool),
        limits_(limits),
        watches_(metrics) {}

  // Ends every watch, so that the server can shut down.
  void StopWatches() { watches_.Stop(); }

  grpc::ServerUnaryReactor* SubmitJob(grpc::CallbackServerContext* context,
                                      const v1::SubmitJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request, v1::Job* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* CheckpointJob(grpc::CallbackServerContext* context,
                                          const v1::CheckpointJobRequest* request,
                                          v1::CheckpointJobResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* WatchEvents(grpc::CallbackServerContext* context,
                                                   const v1::WatchEventsRequest* request) override;
  grpc::ServerUnaryReactor* GetKurfile(grpc::CallbackServerContext* context,
                                       const v1::GetKurfileRequest* request,
                                       v1::FrozenKurfile* response) override;
  grpc::ServerUnaryReactor* ListArtifacts(grpc::CallbackServerContext* context,
                                          const v1::ListArtifactsRequest* request,
                                          v1::ListArtifactsResponse* response) override;
  grpc::ServerWriteReactor<v1::DownloadArtifactResponse>* DownloadArtifact(
      grpc::CallbackServerContext* context, const v1::DownloadArtifactRequest* request) override;

 private:
  absl::StatusOr<OpenedArtifact> ArtifactFor(const Caller& caller,
                                             const v1::DownloadArtifactRequest& request);

  JobManager& jobs_;
  const Authenticator& authenticator_;
  TaskPool& pool_;
  TaskPool& watch_pool_;
  CallLimits& limits_;
  Watches watches_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_JOBS_SERVICE_H_
