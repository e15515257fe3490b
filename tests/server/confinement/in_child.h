#ifndef KUR_TESTS_SERVER_CONFINEMENT_IN_CHILD_H_
#define KUR_TESTS_SERVER_CONFINEMENT_IN_CHILD_H_

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace kur::server {

// Runs `body` in a process of its own and returns what it returns, or -1 if a signal ended it: a
// confinement is for good. What a test wants to see may not exceed 255.
inline int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Returns the number of the error of a call that has returned `result`; 0 if it went well.
inline int ErrorOf(long result) { return result < 0 ? errno : 0; }

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_CONFINEMENT_IN_CHILD_H_
