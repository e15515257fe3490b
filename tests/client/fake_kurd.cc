// A kurd that only says who it is, for tests of `kurctl up` and `kurctl down`. Takes the same
// flags; locks the state directory as kurd does and ends on SIGTERM.

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tests/client/fake_server.h"

int main(int argc, char** argv) {
  std::string state;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string(argv[i]) == "--state-dir") state = argv[i + 1];
    if (std::string(argv[i]) == "--devices" && std::string(argv[i + 1]) == "bad") {
      std::fputs("kurd: 'bad' is no device\n", stderr);
      return 1;
    }
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  const int lock = open((state + "/kurd.lock").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) return 1;
  const std::string pid = std::to_string(getpid()) + "\n";
  if (write(lock, pid.data(), pid.size()) < 0) return 1;

  const kur::client::FakeServer server(state + "/kurd.sock");
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}
