#ifndef KUR_TESTS_SERVER_TESTING_TEST_API_H_
#define KUR_TESTS_SERVER_TESTING_TEST_API_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/api/blobs_service.h"
#include "server/api/call_limits.h"
#include "server/api/grpc_server.h"
#include "server/api/jobs_service.h"
#include "server/api/secrets_service.h"
#include "server/api/system_service.h"
#include "server/api/worker_service.h"
#include "tests/server/testing/test_server.h"

namespace kur::server {

// The services over real sockets: a UNIX socket and a loopback port for clients, a UNIX socket for
// workers.
class TestApi {
 public:
  explicit TestApi(std::optional<TokenFile> tokens = std::nullopt, int slots = 1)
      : server(slots), authenticator(std::move(tokens), {kCookie}) {
    Start();
  }
  ~TestApi() { Stop(); }

  void Start() {
    pool = std::make_unique<TaskPool>(TaskPool::Limits{2, 2, 100, 100});
    limits = std::make_unique<CallLimits>(upload_rate, streams);
    jobs = std::make_unique<JobsService>(*server.jobs, authenticator, *pool, *pool, *limits,
                                         server.metrics);
    blobs = std::make_unique<BlobsService>(*server.blobs, authenticator, *pool, *limits,
                                           server.metrics);
    secrets = std::make_unique<SecretsService>(*server.secrets, authenticator, *pool);
    system = std::make_unique<SystemService>(*server.jobs, server.inventory(), authenticator,
                                             "1.2.3", server.layout.root());
    workers = std::make_unique<WorkerService>(*server.jobs);
    GrpcServerOptions options;
    options.addresses = {*ParseListenAddress("unix:" + server.layout.client_socket()),
                         *ParseListenAddress("127.0.0.1:0")};
    options.authenticator = &authenticator;
    options.metrics = &server.metrics;
    clients_ = *GrpcServer::Start(options, {jobs.get(), blobs.get(), secrets.get(), system.get()});
    GrpcServerOptions worker_options;
    worker_options.addresses = {*ParseListenAddress("unix:" + server.layout.worker_socket())};
    workers_ = *GrpcServer::Start(worker_options, {workers.get()});
  }

  void Stop() {
    if (jobs != nullptr) jobs->StopWatches();
    clients_.reset();
    workers_.reset();
    pool.reset();
    limits.reset();
  }

  std::shared_ptr<grpc::Channel> UnixChannel() const { return ChannelTo(clients_->addresses()[0]); }
  std::shared_ptr<grpc::Channel> TcpChannel() const { return ChannelTo(clients_->addresses()[1]); }
  std::shared_ptr<grpc::Channel> WorkerChannel() const {
    return ChannelTo(workers_->addresses()[0]);
  }

  // Of the UNIX socket.
  static constexpr char kCookie[] =
      "c00c1ec00c1ec00c1ec00c1ec00c1ec00c1ec00c1ec00c1ec00c1ec00c1ec00c";

  // See CallLimits; for Start().
  int64_t upload_rate = 0;
  UserQuota::Limits streams = StreamLimits(/*descriptors=*/1 << 16);
  TestServer server;
  Authenticator authenticator;
  std::unique_ptr<CallLimits> limits;
  std::unique_ptr<TaskPool> pool;
  std::unique_ptr<JobsService> jobs;
  std::unique_ptr<BlobsService> blobs;
  std::unique_ptr<SecretsService> secrets;
  std::unique_ptr<SystemService> system;
  std::unique_ptr<WorkerService> workers;

 private:
  static std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
    grpc::ChannelArguments arguments;
    // Each with its own connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  std::unique_ptr<GrpcServer> clients_;
  std::unique_ptr<GrpcServer> workers_;
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_TEST_API_H_
