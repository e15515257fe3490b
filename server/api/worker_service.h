#ifndef KUR_SERVER_API_WORKER_SERVICE_H_
#define KUR_SERVER_API_WORKER_SERVICE_H_

#include "kur/v1/worker.grpc.pb.h"
#include "server/jobs/job_manager.h"

namespace kur::server {

// kur.v1.WorkerService, for the private socket: a worker proves itself with its job's secret.
// Thread-safe.
class WorkerService final : public v1::WorkerService::CallbackService {
 public:
  // `jobs` must outlive the server.
  explicit WorkerService(JobManager& jobs) : jobs_(jobs) {}

  grpc::ServerBidiReactor<v1::WorkerMessage, v1::ServerMessage>* Connect(
      grpc::CallbackServerContext* context) override;

 private:
  JobManager& jobs_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_WORKER_SERVICE_H_
