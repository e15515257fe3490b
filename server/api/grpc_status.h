#ifndef KUR_SERVER_API_GRPC_STATUS_H_
#define KUR_SERVER_API_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace kur::server {

// The status of a call. What is wrong in a Kurfile goes into the details as kur.v1.ErrorDetails; so
// does that an UNAVAILABLE is kurd's own. Message and details are cut to what fits into the
// trailers of a call (8 KiB with gRPC's defaults); a last diagnostic then tells how many are
// missing.
grpc::Status ToGrpc(const absl::Status& status);

// From now on messages name what lies in this folder, which clients have no use for, relative to
// it. To be called before a server starts.
void HideFolder(const std::string& folder);

}  // namespace kur::server

#endif  // KUR_SERVER_API_GRPC_STATUS_H_
