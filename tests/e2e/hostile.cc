// What somebody can do who has found a fault in a parser: linked into a kurd-worker of the tests,
// it runs in place of zlib's gzread() when the worker first reads the bytes of a stranger. It tries
// what the Kurfile's comments "# attack: WHAT ON" say, and writes "WHAT ON: ERROR" to "attacks" in
// the run directory, with the number of the error, 0 for success.

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <string>

namespace {

using Attack = long (*)(const char* on);

pid_t ToPid(const char* text) { return static_cast<pid_t>(std::stol(text)); }

long Connect(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_STREAM, 0);
  return fd < 0 ? -1 : connect(fd, address, size);
}

long ConnectUnix(const char* path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  return Connect(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

long ConnectTcp(const char* port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return Connect(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

// Seizing does not stop the process.
long Trace(const char* pid) {
  const long seized = ptrace(PTRACE_SEIZE, ToPid(pid), nullptr, nullptr);
  if (seized == 0) _exit(0);
  return seized;
}

// Runs what may change this process in a copy of it.
template <Attack kAttack>
long InCopy(const char* on) {
  const pid_t copy = fork();
  if (copy == 0) _exit(kAttack(on) < 0 ? errno : 0);
  // Refused: then it is tried here.
  if (copy < 0) return kAttack(on);
  int status = 0;
  waitpid(copy, &status, 0);
  errno = WEXITSTATUS(status);
  return errno == 0 ? 0 : -1;
}

long ReadMemory(const char* pid) {
  char byte = 0;
  // Any address of the program: it is the permission that counts.
  iovec local = {&byte, 1};
  iovec remote = {const_cast<char*>(pid), 1};
  const long got = process_vm_readv(ToPid(pid), &local, 1, &remote, 1, 0);
  return got < 0 && errno == EFAULT ? 0 : got;
}

long UseRing(const char*) {
  char parameters[256] = {};
  return syscall(SYS_io_uring_setup, 1, parameters);
}

long Execute(const char* path) {
  char* const arguments[] = {const_cast<char*>(path), nullptr};
  return execve(path, arguments, nullptr);
}

const std::map<std::string, Attack>& Attacks() {
  static const auto* const kAttacks = new std::map<std::string, Attack>{
      {"read", [](const char* path) { return static_cast<long>(open(path, O_RDONLY)); }},
      {"write", [](const char* path) { return static_cast<long>(open(path, O_WRONLY)); }},
      {"create",
       [](const char* path) { return static_cast<long>(open(path, O_WRONLY | O_CREAT, 0600)); }},
      {"list",
       [](const char* path) { return static_cast<long>(open(path, O_RDONLY | O_DIRECTORY)); }},
      {"remove", [](const char* path) { return static_cast<long>(unlink(path)); }},
      {"link", [](const char* path) { return static_cast<long>(link(path, "a-link")); }},
      {"symlink", [](const char* path) { return static_cast<long>(symlink(path, "a-symlink")); }},
      {"chmod", [](const char* path) { return static_cast<long>(chmod(path, 0600)); }},
      {"touch",
       [](const char* path) { return static_cast<long>(utimensat(AT_FDCWD, path, nullptr, 0)); }},
      {"truncate", [](const char* path) { return static_cast<long>(truncate(path, 0)); }},
      // Signal 0 asks for the permission alone.
      {"signal", [](const char* pid) { return static_cast<long>(kill(ToPid(pid), 0)); }},
      {"trace", InCopy<Trace>},
      {"read-memory", ReadMemory},
      {"execute", InCopy<Execute>},
      {"connect-unix", ConnectUnix},
      {"connect-tcp", ConnectTcp},
      {"io_uring", UseRing}};
  return *kAttacks;
}

void RunAttacks() {
  std::ofstream results("attacks");
  DIR* const folder = opendir("source");
  while (const dirent* entry = readdir(folder)) {
    std::ifstream kurfile(std::string("source/") + entry->d_name);
    const std::string prefix = "# attack: ";
    for (std::string line; std::getline(kurfile, line);) {
      if (line.compare(0, prefix.size(), prefix) != 0) continue;
      const std::string attack = line.substr(prefix.size());
      const size_t space = attack.find(' ');
      const long result = Attacks().at(attack.substr(0, space))(attack.c_str() + space + 1);
      results << attack << ": " << (result < 0 ? errno : 0) << std::endl;
    }
  }
  closedir(folder);
}

}  // namespace

extern "C" int gzread(gzFile file, voidp buffer, unsigned size) {
  [[maybe_unused]] static const bool kDone = [] {
    RunAttacks();
    return true;
  }();
  static const auto kReal =
      reinterpret_cast<int (*)(gzFile, voidp, unsigned)>(dlsym(RTLD_NEXT, "gzread"));
  return kReal(file, buffer, size);
}
