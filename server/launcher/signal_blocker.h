#ifndef KUR_SERVER_LAUNCHER_SIGNAL_BLOCKER_H_
#define KUR_SERVER_LAUNCHER_SIGNAL_BLOCKER_H_

#include <csignal>

namespace kur::server {

// Blocks every signal of this thread, and of what it starts meanwhile, for as long as this lives.
class SignalBlocker {
 public:
  SignalBlocker() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalBlocker() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalBlocker(const SignalBlocker&) = delete;
  SignalBlocker& operator=(const SignalBlocker&) = delete;

 private:
  sigset_t before_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_SIGNAL_BLOCKER_H_
