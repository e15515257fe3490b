#include "server/api/call_counter.h"

#include <string>
#include <utility>

#include "absl/status/status.h"

namespace kur::server {
namespace {

using grpc::experimental::InterceptionHookPoints;

class CountingInterceptor : public grpc::experimental::Interceptor {
 public:
  CountingInterceptor(Metrics& metrics, std::string method)
      : metrics_(metrics), method_(std::move(method)) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const auto code = static_cast<absl::StatusCode>(methods->GetSendStatus().error_code());
      metrics_.CountCall(method_, absl::StatusCodeToString(code));
    }
    methods->Proceed();
  }

 private:
  Metrics& metrics_;
  const std::string method_;
};

}  // namespace

grpc::experimental::Interceptor* CallCounter::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info) {
  return new CountingInterceptor(metrics_, info->method());
}

}  // namespace kur::server
