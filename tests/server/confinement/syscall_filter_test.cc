#include "server/confinement/syscall_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "tests/server/confinement/in_child.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

// Returns the error of `call` in a process that refuses itself system calls.
int Filtered(SyscallPolicy policy, const std::function<long()>& call) {
  return InChild([&] { return RefuseSyscalls(policy).ok() ? ErrorOf(call()) : 255; });
}

int OfWorker(const std::function<long()>& call) { return Filtered(SyscallPolicy::kWorker, call); }

TEST(SyscallFilterTest, AWorkerStartsNoProcess) {
  const auto execute = [] { return execl("/bin/true", "true", nullptr); };
  EXPECT_EQ(OfWorker(execute), EPERM);
  EXPECT_EQ(Filtered(SyscallPolicy::kNetwork, execute), EPERM);
  EXPECT_EQ(OfWorker([] { return fork(); }), EPERM);
  EXPECT_EQ(OfWorker([] { return syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
}

TEST(SyscallFilterTest, WhatOnlyComputesEndsWhenItDoesMore) {
  const auto of_compute = [](const std::function<long()>& call) {
    return Filtered(SyscallPolicy::kCompute, call);
  };
#if !defined(__SANITIZE_ADDRESS__)
  // The sanitizer's allocator does more.
  EXPECT_EQ(of_compute([] { return std::string(10 << 20, 'x').empty() ? -1 : 0; }), 0);
#endif
  const int killed = -1;
  EXPECT_EQ(of_compute([] { return open("/dev/null", O_RDONLY); }), killed);
  EXPECT_EQ(of_compute([] { return socket(AF_UNIX, SOCK_STREAM, 0); }), killed);
  EXPECT_EQ(of_compute([] { return fork(); }), killed);
  EXPECT_EQ(of_compute([] { return kill(getppid(), SIGKILL); }), killed);
  EXPECT_EQ(of_compute([] {
              const void* code =
                  mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return code == MAP_FAILED ? -1 : 0;
            }),
            killed);
}

TEST(SyscallFilterTest, AWorkerHasThreads) {
  EXPECT_EQ(OfWorker([] {
              int result = -1;
              std::thread([&result] { result = open("/", O_RDONLY | O_CLOEXEC); }).join();
              return result;
            }),
            0);
}

TEST(SyscallFilterTest, HoldsForThreadsThatAreThereAlready) {
  EXPECT_EQ(InChild([] {
              int ends[2];
              if (pipe(ends) != 0) return 255;
              int error = 0;
              std::thread earlier([&] {
                char byte;
                if (read(ends[0], &byte, 1) == 1) error = ErrorOf(syscall(SYS_unshare, 0));
              });
              const bool refused = RefuseSyscalls(SyscallPolicy::kWorker).ok();
              if (write(ends[1], "x", 1) != 1) return 254;
              earlier.join();
              return refused ? error : 253;
            }),
            EPERM);
}

TEST(SyscallFilterTest, OnlyTheBrokerHasSockets) {
  const auto socket_of = [](int family) {
    return [family] { return socket(family, SOCK_STREAM, 0); };
  };
  for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {
    EXPECT_EQ(OfWorker(socket_of(family)), EPERM) << family;
  }
  int ends[2];
  EXPECT_EQ(OfWorker([&ends] { return socketpair(AF_UNIX, SOCK_DGRAM, 0, ends); }), EPERM);
  EXPECT_EQ(Filtered(SyscallPolicy::kNetwork, socket_of(AF_UNIX)), 0);
  EXPECT_EQ(Filtered(SyscallPolicy::kNetwork, [] { return fork(); }), 0);
  EXPECT_EQ(Filtered(SyscallPolicy::kNetwork,
                     [] { return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr); }),
            EPERM);
}

TEST(SyscallFilterTest, NobodySignalsOrAdjustsOthers) {
  const pid_t parent = getpid();
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  for (const SyscallPolicy policy : {SyscallPolicy::kWorker, SyscallPolicy::kNetwork}) {
    for (const pid_t other : {parent, 0, -1, -parent}) {
      EXPECT_EQ(Filtered(policy, [other] { return kill(other, 0); }), EPERM) << other;
    }
    EXPECT_EQ(Filtered(policy, [] { return kill(getpid(), 0); }), 0);
    EXPECT_EQ(Filtered(policy, [=] { return syscall(SYS_tgkill, parent, parent, 0); }), EPERM);
    EXPECT_EQ(Filtered(policy, [] { return syscall(SYS_tgkill, getpid(), getpid(), 0); }), 0);
    EXPECT_EQ(Filtered(policy, [=] { return syscall(SYS_pidfd_open, parent, 0); }), EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return prlimit(parent, RLIMIT_NOFILE, &limit, nullptr); }),
              EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return prlimit(0, RLIMIT_NOFILE, nullptr, &limit); }), 0);
    EXPECT_EQ(Filtered(policy, [&] { return sched_setaffinity(parent, sizeof(all), &all); }),
              EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return sched_setaffinity(0, sizeof(all), &all); }), 0);
    EXPECT_EQ(Filtered(policy, [=] { return ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); }),
              EPERM);
  }
}

TEST(SyscallFilterTest, NoFileSignalsOthersInItsStead) {
  const pid_t parent = getpid();
  const f_owner_ex owner = {F_OWNER_PID, parent};
  int on = 1;
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  for (const SyscallPolicy policy : {SyscallPolicy::kWorker, SyscallPolicy::kNetwork}) {
    EXPECT_EQ(Filtered(policy, [&] { return fcntl(ends[0], F_SETOWN, parent); }), EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return fcntl(ends[0], F_SETOWN_EX, &owner); }), EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return fcntl(ends[0], F_SETSIG, SIGKILL); }), EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return ioctl(ends[0], FIOSETOWN, &parent); }), EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return ioctl(ends[0], SIOCSPGRP, &parent); }), EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return ioctl(ends[0], FIOASYNC, &on); }), EPERM);
    EXPECT_EQ(Filtered(policy, [&] { return fcntl(ends[0], F_SETFL, O_NONBLOCK); }), 0);
    EXPECT_EQ(Filtered(policy, [&] { return ioctl(ends[0], FIONREAD, &on); }), 0);
  }
  close(ends[0]);
  close(ends[1]);
}

TEST(SyscallFilterTest, NothingIsSharedByNumber) {
  for (const SyscallPolicy policy : {SyscallPolicy::kWorker, SyscallPolicy::kNetwork}) {
    EXPECT_EQ(Filtered(policy, [] { return shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600); }), EPERM);
    EXPECT_EQ(Filtered(policy, [] { return shmat(0, nullptr, 0) == nullptr ? 0 : -1; }), EPERM);
    EXPECT_EQ(Filtered(policy, [] { return msgget(IPC_PRIVATE, IPC_CREAT | 0600); }), EPERM);
    EXPECT_EQ(Filtered(policy, [] { return semget(IPC_PRIVATE, 1, IPC_CREAT | 0600); }), EPERM);
    EXPECT_EQ(Filtered(policy, [] { return syscall(SYS_mq_open, "q", O_RDWR | O_CREAT, 0600, 0); }),
              EPERM);
  }
}

TEST(SyscallFilterTest, WhatMayOnlyBeReadIsNotEmptied) {
  const TemporaryDirectory directory;
  const std::string path = directory.File("file");
  std::ofstream(path) << "content";
  const char* const file = path.c_str();
  for (const int flags : {O_ACCMODE, O_ACCMODE | O_TRUNC, O_RDONLY | O_TRUNC,
                          O_RDONLY | O_TRUNC | O_CLOEXEC | O_CREAT}) {
    EXPECT_EQ(OfWorker([=] { return syscall(SYS_openat, AT_FDCWD, file, flags, 0600); }), EPERM);
#if defined(__x86_64__)
    EXPECT_EQ(OfWorker([=] { return syscall(SYS_open, file, flags, 0600); }), EPERM);
#endif
  }
  EXPECT_EQ(OfWorker([=] {
              open_how how = {};
              return syscall(SYS_openat2, AT_FDCWD, file, &how, sizeof(how));
            }),
            ENOSYS);
  EXPECT_EQ(OfWorker([=] { return open(file, O_RDONLY); }), 0);
  EXPECT_EQ(OfWorker([=] { return open(file, O_WRONLY | O_TRUNC | O_CLOEXEC); }), 0);
  EXPECT_EQ(OfWorker([=] { return open(file, O_RDWR | O_APPEND); }), 0);
}

TEST(SyscallFilterTest, WhatLandlockDoesNotCoverIsRefused) {
  const TemporaryDirectory directory;
  const std::string path = directory.File("file");
  std::ofstream(path) << "content";
  const char* const file = path.c_str();
  const std::function<long()> calls[] = {
      [=] { return chmod(file, 0777); },
      [=] { return fchmodat(AT_FDCWD, file, 0777, 0); },
      [=] { return fchmod(open(file, O_RDONLY), 0777); },
      [=] { return chown(file, 0, 0); },
      [=] { return truncate(file, 0); },
      [=] { return utimensat(AT_FDCWD, file, nullptr, 0); },
      [=] { return syscall(SYS_setxattr, file, "user.a", "b", 1, 0); },
      [=] { return syscall(SYS_inotify_init1, 0); },
      [=] { return symlink("/", (path + "link").c_str()); }};
  for (const auto& call : calls) EXPECT_EQ(OfWorker(call), EPERM) << &call - calls;
}

TEST(SyscallFilterTest, TheKernelsLargePartsAreRefused) {
  const long calls[] = {SYS_io_uring_setup, SYS_bpf,    SYS_perf_event_open, SYS_userfaultfd,
                        SYS_keyctl,         SYS_mount,  SYS_unshare,         SYS_setns,
                        SYS_init_module,    SYS_reboot, SYS_process_vm_readv};
  for (const long call : calls) {
    EXPECT_EQ(OfWorker([call] { return syscall(call, 0, 0, 0, 0, 0, 0); }), EPERM) << call;
  }
}

TEST(SyscallFilterTest, CallsThatAreNewerThanTheListDoNotExist) {
  constexpr long kFchmodat2 = 452;
  constexpr long kSetxattrat = 463;
  constexpr long kNotYet = 1000;
  for (const long call : {kFchmodat2, kSetxattrat, kNotYet}) {
    EXPECT_EQ(OfWorker([call] { return syscall(call, 0, 0, 0, 0, 0, 0); }), ENOSYS) << call;
  }
}

TEST(SyscallFilterTest, WhatAnOrdinaryProgramDoesGoesOn) {
  EXPECT_EQ(OfWorker([] {
              void* const memory = mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return memory == MAP_FAILED ? -1 : munmap(memory, 1 << 20);
            }),
            0);
  EXPECT_EQ(InChild([] {
              if (!RefuseSyscalls(SyscallPolicy::kWorker).ok()) return 255;
              abort();
            }),
            -1);
}

}  // namespace
}  // namespace kur::server
