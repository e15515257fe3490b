#include "server/confinement/confinement.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/environment.h"
#include "engine/base/status.h"
#include "server/confinement/file_rules.h"
#include "server/confinement/landlock.h"
#include "server/confinement/syscall_filter.h"

namespace kur::server {
namespace {

bool g_is_confined = false;

absl::Status Confine(SyscallPolicy policy) {
  g_is_confined = true;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return ErrnoToStatus(errno, "hiding this process from others");
  }
  return CanRefuseSyscalls() ? RefuseSyscalls(policy) : absl::OkStatus();
}

}  // namespace

std::vector<std::string> MissingFeatures() {
  std::vector<std::string> missing;
  if (LandlockVersion() < kNeededLandlock) {
    missing.emplace_back(
        "this kernel has no Landlock, or an older one than Linux 5.19: a fault in a worker reaches "
        "every file of kurd's user");
  }
  if (!CanRefuseSyscalls()) {
    missing.emplace_back(
        "this kernel has no seccomp filters: a fault in a worker reaches programs, processes and "
        "networks of this machine");
  }
  return missing;
}

absl::Status ConfineWorker() { return Confine(SyscallPolicy::kWorker); }

absl::Status ConfineBroker() {
  if (LandlockVersion() >= kNeededLandlock) {
    KUR_RETURN_IF_ERROR(ConfineFiles(NetworkFiles(OwnEnvironment())));
  }
  return Confine(SyscallPolicy::kNetwork);
}

}  // namespace kur::server

#if defined(__SANITIZE_ADDRESS__)
// AddressSanitizer looks for leaks by tracing the process, which a confined one refuses.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return kur::server::g_is_confined ? 1 : 0; }
#endif
