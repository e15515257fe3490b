#include "server/confinement/syscall_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "engine/base/status.h"

namespace kur::server {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "The numbers of this architecture's system calls are not known here."
#endif

// The last call that the lists below take into account: set_mempolicy_home_node of Linux 5.17. Also
// numbers of the x32 interface are above it.
constexpr uint32_t kLastKnown = 450;

// Calls that x86-64 has, and newer architectures have only a successor of.
constexpr uint32_t kOldCalls[] = {
#if defined(__x86_64__)
    SYS_chmod,         SYS_chown,        SYS_lchown,     SYS_utime,  SYS_utimes,
    SYS_futimesat,     SYS_mknod,        SYS_symlink,    SYS_ioperm, SYS_iopl,
    SYS_create_module, SYS_inotify_init, SYS_modify_ldt, SYS_uselib, SYS__sysctl,
#endif
    SYS_fchmodat,
};

constexpr uint32_t kRefused[] = {
    // Programs.
    SYS_execve, SYS_execveat,
    // Other processes.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_kcmp,
    SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_tkill, SYS_setpriority,
    SYS_ioprio_set,
    // Memory and queues that other processes of the user find by a number, and that stay behind.
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_semget,
    SYS_semop, SYS_semtimedop, SYS_semctl, SYS_mq_open, SYS_mq_unlink,
    // What Landlock does not cover.
    SYS_truncate, SYS_fchmod, SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr, SYS_lsetxattr,
    SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, SYS_inotify_init1,
    SYS_fanotify_init, SYS_fanotify_mark, SYS_open_by_handle_at,
    // What a workspace has none of.
    SYS_mknodat, SYS_symlinkat,
    // The kernel's large and young parts.
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_bpf, SYS_perf_event_open,
    SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key,
    // Namespaces and file systems.
    SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree,
    SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr,
    SYS_quotactl, SYS_quotactl_fd, SYS_swapon, SYS_swapoff,
    // The machine.
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_acct,
    SYS_syslog, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
    SYS_sethostname, SYS_setdomainname, SYS_vhangup, SYS_personality};

constexpr uint32_t kSockets[] = {SYS_socket, SYS_socketpair, SYS_connect, SYS_bind,
                                 SYS_listen, SYS_accept,     SYS_accept4};

// Calls whose first argument is a process: the own one.
constexpr uint32_t kOnSelf[] = {SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo};
// The same; 0 means the own one too.
constexpr uint32_t kOnSelfOrZero[] = {
    SYS_prlimit64,     SYS_sched_setscheduler, SYS_sched_setparam,   SYS_sched_setattr,
    SYS_migrate_pages, SYS_move_pages,         SYS_sched_setaffinity};

// How a file is emptied that may only be read, or not even that: before version 3 Landlock does not
// look at truncation, and in no version at the access mode 3, which asks for no right.
constexpr uint32_t kOpenBits = O_ACCMODE | O_TRUNC;
constexpr std::initializer_list<uint32_t> kHarmfulOpens = {O_ACCMODE, O_ACCMODE | O_TRUNC,
                                                           O_RDONLY | O_TRUNC};

// How the kernel is made to signal another process on behalf of a file.
constexpr std::initializer_list<uint32_t> kSignalsOfFiles = {F_SETOWN, F_SETOWN_EX, F_SETSIG};
constexpr std::initializer_list<uint32_t> kSignalsOfDevices = {FIOSETOWN, SIOCSPGRP, FIOASYNC,
                                                               // Types for another.
                                                               TIOCSTI};

// What a process needs that opens and starts nothing.
constexpr uint32_t kComputing[] = {
    SYS_read,         SYS_write,        SYS_sendto,         SYS_exit,      SYS_exit_group,
    SYS_brk,          SYS_munmap,       SYS_mremap,         SYS_madvise,   SYS_futex,
    SYS_uname,        SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_getrandom, SYS_clock_gettime,
    SYS_gettimeofday, SYS_sched_yield,  SYS_restart_syscall};

constexpr uint32_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t Refuse(uint32_t error) { return SECCOMP_RET_ERRNO | error; }

// Where the lower half of argument `index` is in what the program examines.
constexpr uint32_t Argument(int index) {
  return static_cast<uint32_t>(offsetof(seccomp_data, args) + index * sizeof(uint64_t));
}

// Writes a program that knows the number of the call from the beginning. Not thread-safe.
class FilterWriter {
 public:
  FilterWriter() {
    Load(offsetof(seccomp_data, arch));
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
    Return(SECCOMP_RET_KILL_PROCESS);
    Load(offsetof(seccomp_data, nr));
    Add(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kLastKnown, 0, 1));
    Return(Refuse(ENOSYS));
  }

  template <class Calls>
  void RefuseAll(const Calls& calls) {
    for (const uint32_t call : calls) Decide(call, Refuse(EPERM));
  }

  void Decide(uint32_t call, uint32_t verdict) {
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    Return(verdict);
  }

  // Allows `call` only if its first argument is among `values`.
  void AllowOn(uint32_t call, std::initializer_list<uint32_t> values) {
    const auto count = static_cast<uint8_t>(values.size());
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, static_cast<uint8_t>(3 + count)));
    Load(Argument(0));
    uint8_t behind = count;
    for (const uint32_t value : values) {
      Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, behind--, 0));
    }
    Return(Refuse(EPERM));
    Return(kAllow);
  }

  // Refuses `call` if those of the `bits` that its argument `index` has are among `values`.
  void RefuseOn(uint32_t call, int index, uint32_t bits, std::initializer_list<uint32_t> values) {
    const auto count = static_cast<uint8_t>(values.size());
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, static_cast<uint8_t>(4 + count)));
    Load(Argument(index));
    Add(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits));
    uint8_t behind = count;
    for (const uint32_t value : values) {
      Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, behind--, 0));
    }
    Return(kAllow);
    Return(Refuse(EPERM));
  }

  // Decides on `call` by whether its argument `index` has one of the bits.
  void DecideByBits(uint32_t call, int index, uint32_t bits, uint32_t with, uint32_t without) {
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4));
    Load(Argument(index));
    Add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    Return(with);
    Return(without);
  }

  std::vector<sock_filter> Finish(uint32_t verdict) {
    Return(verdict);
    return std::move(program_);
  }

 private:
  void Add(sock_filter instruction) { program_.push_back(instruction); }
  void Load(uint32_t offset) { Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); }
  void Return(uint32_t verdict) { Add(BPF_STMT(BPF_RET | BPF_K, verdict)); }

  std::vector<sock_filter> program_;
};

std::vector<sock_filter> MakeComputeFilter() {
  FilterWriter filter;
  for (const uint32_t call : kComputing) filter.Decide(call, kAllow);
  // Memory, but none to execute.
  for (const uint32_t call : {SYS_mmap, SYS_mprotect}) {
    filter.DecideByBits(call, 2, PROT_EXEC, SECCOMP_RET_KILL_PROCESS, kAllow);
  }
  return filter.Finish(SECCOMP_RET_KILL_PROCESS);
}

}  // namespace

bool CanRefuseSyscalls() {
  uint32_t action = SECCOMP_RET_ERRNO;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

std::vector<sock_filter> MakeSyscallFilter(SyscallPolicy policy, int pid) {
  if (policy == SyscallPolicy::kCompute) return MakeComputeFilter();
  const auto self = static_cast<uint32_t>(pid);
  FilterWriter filter;
  filter.RefuseAll(kRefused);
  filter.RefuseAll(kOldCalls);
  for (const uint32_t call : kOnSelf) filter.AllowOn(call, {self});
  for (const uint32_t call : kOnSelfOrZero) filter.AllowOn(call, {self, 0});
  filter.RefuseOn(SYS_openat, 2, kOpenBits, kHarmfulOpens);
#if defined(__x86_64__)
  filter.RefuseOn(SYS_open, 1, kOpenBits, kHarmfulOpens);
#endif
  filter.RefuseOn(SYS_fcntl, 1, ~uint32_t{0}, kSignalsOfFiles);
  filter.RefuseOn(SYS_ioctl, 1, ~uint32_t{0}, kSignalsOfDevices);
  // Their flags are in memory, out of sight; without them clone() and openat() are used.
  filter.Decide(SYS_clone3, Refuse(ENOSYS));
  filter.Decide(SYS_openat2, Refuse(ENOSYS));
  if (policy == SyscallPolicy::kNetwork) {
    filter.DecideByBits(SYS_clone, 0, kNamespaces, Refuse(EPERM), kAllow);
  } else {
    filter.RefuseAll(kSockets);
    filter.DecideByBits(SYS_clone, 0, CLONE_THREAD, kAllow, Refuse(EPERM));
#if defined(__x86_64__)
    filter.Decide(SYS_fork, Refuse(EPERM));
    filter.Decide(SYS_vfork, Refuse(EPERM));
#endif
  }
  return filter.Finish(kAllow);
}

absl::Status RefuseSyscalls(SyscallPolicy policy) {
  std::vector<sock_filter> filter = MakeSyscallFilter(policy, getpid());
  const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    return ErrnoToStatus(errno, "refusing system calls to this process");
  }
  return absl::OkStatus();
}

}  // namespace kur::server
