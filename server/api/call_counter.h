#ifndef KUR_SERVER_API_CALL_COUNTER_H_
#define KUR_SERVER_API_CALL_COUNTER_H_

#include <grpcpp/support/server_interceptor.h>

#include "server/metrics/metrics.h"

namespace kur::server {

// Counts the answers of a server by method and status code. Thread-safe.
class CallCounter : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  // `metrics` must outlive the server.
  explicit CallCounter(Metrics& metrics) : metrics_(metrics) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;

 private:
  Metrics& metrics_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_CALL_COUNTER_H_
