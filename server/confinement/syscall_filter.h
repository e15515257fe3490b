#ifndef KUR_SERVER_CONFINEMENT_SYSCALL_FILTER_H_
#define KUR_SERVER_CONFINEMENT_SYSCALL_FILTER_H_

#include <linux/filter.h>

#include <vector>

#include "absl/status/status.h"

namespace kur::server {

// Which system calls a process keeps.
enum class SyscallPolicy {
  kWorker,   // no sockets, no processes
  kNetwork,  // sockets, and processes that begin as copies of this one
  kCompute,  // only memory, and reading and writing what is open; any other ends the process
};

// Returns whether this kernel can refuse system calls. Thread-safe.
bool CanRefuseSyscalls();

// Returns the BPF program of a policy. But for kCompute it refuses what no job needs: to execute
// programs; to signal, trace or adjust other processes, or share memory with them by number; to
// change the mode, owner, times or attributes of files, or to empty what may not be written, which
// Landlock does not cover; the administration of the machine; and parts of the kernel with a
// history of faults (io_uring, bpf, perf, keys, userfaultfd). A refused call returns EPERM. Calls
// that are newer than this list return ENOSYS. `pid` is the process itself. A pure function.
std::vector<sock_filter> MakeSyscallFilter(SyscallPolicy policy, int pid);

// Refuses these system calls to all threads of this process, and to what it starts, for good. Sets
// no_new_privs.
absl::Status RefuseSyscalls(SyscallPolicy policy);

}  // namespace kur::server

#endif  // KUR_SERVER_CONFINEMENT_SYSCALL_FILTER_H_
