#ifndef KUR_SERVER_API_CALL_LIMITS_H_
#define KUR_SERVER_API_CALL_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "kur/v1/kur.pb.h"
#include "server/auth/access_policy.h"
#include "server/net/connection_acceptor.h"
#include "server/net/user_quota.h"
#include "server/net/user_rate.h"

namespace kur::server {

// How many files a stream has open: a watch of a job that has ended has the job's log open twice.
constexpr int kFilesOfWatch = 2;
constexpr int kFilesOfDownload = 1;
constexpr int kFilesOfUpload = 1;

// Returns the limits of open streams in files: an eighth of the `descriptors` that a process may
// have, which neither connections (see ClientLimits()) nor jobs need.
UserQuota::Limits StreamLimits(size_t descriptors = DescriptorLimit());

// Checks a request that stays in memory while its call waits, or while its stream is open.
absl::Status CheckIsSmall(const google::protobuf::Message& request);

// What users' calls may take of the server, for all services together. Thread-safe.
class CallLimits {
 public:
  // `upload_rate`: bytes a second that each user may upload; 0 for no bound.
  explicit CallLimits(int64_t upload_rate = 0, const UserQuota::Limits& streams = StreamLimits());

  // Takes the files of a stream, until the share is given back; RESOURCE_EXHAUSTED if the caller
  // has too many open.
  absl::StatusOr<UserQuota::Share> TakeStream(const Caller& caller, int files);

  // Takes the memory of a request, which waits for a pool and is then worked on, until the share is
  // given back; RESOURCE_EXHAUSTED if the caller's requests have too much.
  absl::StatusOr<UserQuota::Share> TakeRequest(const Caller& caller,
                                               const google::protobuf::Message& request);

  UserRate& upload_rate() { return upload_rate_; }

 private:
  UserQuota streams_;
  UserQuota requests_;
  UserRate upload_rate_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_CALL_LIMITS_H_
