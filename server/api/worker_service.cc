#include "server/api/worker_service.h"

#include "server/api/worker_reactor.h"

namespace kur::server {

grpc::ServerBidiReactor<v1::WorkerMessage, v1::ServerMessage>* WorkerService::Connect(
    grpc::CallbackServerContext*) {
  return WorkerReactor::Begin(jobs_);
}

}  // namespace kur::server
