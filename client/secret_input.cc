#include "client/secret_input.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/status.h"
#include "engine/base/wipe.h"

namespace kur::client {
namespace {

// More than a server takes; it says so.
constexpr size_t kMostBytes = 64 << 10;

// Makes a terminal hand on each key, show none and send no signals, so that Ctrl-C cannot leave it
// in this state; restores it in the end.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_(fd) {
    if (tcgetattr(fd, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    is_silent_ = tcsetattr(fd, TCSAFLUSH, &silent) == 0;
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    if (is_silent_) tcsetattr(fd_, TCSAFLUSH, &before_);
  }

  bool is_silent() const { return is_silent_; }

 private:
  const int fd_;
  termios before_ = {};
  bool is_silent_ = false;
};

// Reads a byte; false at the end.
absl::StatusOr<bool> ReadByte(int fd, char* byte) {
  ssize_t got = 0;
  do {
    got = read(fd, byte, 1);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return ErrnoToStatus(errno, "reading the secret");
  return got == 1;
}

void EraseCharacter(std::string* text) {
  constexpr unsigned kContinuation = 0x80;
  while (!text->empty()) {
    const auto last = static_cast<unsigned char>(text->back());
    text->pop_back();
    if ((last & 0xC0u) != kContinuation) return;
  }
}

// Reads what is typed up to the end of the line.
absl::Status ReadTyped(int fd, std::string* secret) {
  constexpr char kInterrupt = 3;
  constexpr char kEnd = 4;
  constexpr char kBackspace = 8;
  constexpr char kDelete = 127;
  char key = 0;
  while (secret->size() < kMostBytes) {
    KUR_ASSIGN_OR_RETURN(const bool more, ReadByte(fd, &key));
    if (!more || key == '\n' || key == '\r' || key == kEnd) return absl::OkStatus();
    if (key == kInterrupt) return absl::CancelledError("interrupted: no secret was stored");
    if (key == kBackspace || key == kDelete) {
      EraseCharacter(secret);
    } else {
      secret->push_back(key);
    }
  }
  return absl::OkStatus();
}

absl::Status ReadAll(int fd, std::string* secret) {
  char byte = 0;
  while (secret->size() <= kMostBytes) {
    KUR_ASSIGN_OR_RETURN(const bool more, ReadByte(fd, &byte));
    if (!more) break;
    secret->push_back(byte);
  }
  if (!secret->empty() && secret->back() == '\n') secret->pop_back();
  if (!secret->empty() && secret->back() == '\r') secret->pop_back();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadSecret(int fd, const std::string& prompt, Terminal& err) {
  std::string secret;
  // Once, so that no copies are left behind as it grows.
  secret.reserve(kMostBytes + 1);
  absl::Status done;
  if (isatty(fd) == 0) {
    done = ReadAll(fd, &secret);
  } else {
    // Before the prompt: what is typed as soon as that is there is neither shown nor lost.
    const SilentTerminal silent(fd);
    if (!silent.is_silent()) {
      return absl::FailedPreconditionError(
          "this terminal would show the secret; give it with --file, or over standard input");
    }
    err.Write(prompt);
    done = ReadTyped(fd, &secret);
    err.Write("\n");
  }
  if (done.ok()) return secret;
  Wipe(&secret);
  return done;
}

}  // namespace kur::client
