#include "server/api/call_limits.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace kur::server {
namespace {

// Each stream has a message in memory, too, of up to 256 KiB.
constexpr int64_t kMostStreamFiles = 4096;
constexpr int64_t kStreamFilesOfUser = 512;

// While a submission is evaluated and stored there are some copies of it.
constexpr UserQuota::Limits kRequestBytes = {/*total=*/int64_t{256} << 20,
                                             /*per_user=*/int64_t{64} << 20};

}  // namespace

UserQuota::Limits StreamLimits(size_t descriptors) {
  return {/*total=*/std::min(static_cast<int64_t>(descriptors / 8), kMostStreamFiles),
          /*per_user=*/kStreamFilesOfUser};
}

absl::Status CheckIsSmall(const google::protobuf::Message& request) {
  constexpr size_t kMaxBytes = 64 << 10;
  if (request.ByteSizeLong() <= kMaxBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the request has more than ", kMaxBytes, " bytes"));
}

CallLimits::CallLimits(int64_t upload_rate, const UserQuota::Limits& streams)
    : streams_(streams), requests_(kRequestBytes), upload_rate_(upload_rate) {}

absl::StatusOr<UserQuota::Share> CallLimits::TakeStream(const Caller& caller, int files) {
  if (UserQuota::Share share = streams_.TryTake(caller.user, files)) return share;
  return absl::ResourceExhaustedError(
      absl::StrCat("user '", caller.user,
                   "' has as many downloads, watches and uploads open as kurd has room for; end "
                   "one, then try again"));
}

absl::StatusOr<UserQuota::Share> CallLimits::TakeRequest(const Caller& caller,
                                                         const google::protobuf::Message& request) {
  const auto bytes = static_cast<int64_t>(request.SpaceUsedLong());
  if (UserQuota::Share share = requests_.TryTake(caller.user, bytes)) return share;
  return absl::ResourceExhaustedError(
      absl::StrCat("the requests of user '", caller.user,
                   "' that wait to be answered have as many bytes as kurd has room for; try again "
                   "in a moment"));
}

}  // namespace kur::server
