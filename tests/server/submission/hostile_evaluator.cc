// What the evaluation of a Kurfile could do if its author could make it do anything: the name of
// the Kurfile says what.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/evaluator/evaluation.h"
#include "server/evaluator/sandbox.h"

namespace kur::server {
namespace {

// Too deep for any stack; the result keeps the calls from being removed.
int Recurse(int depth) {
  volatile char frame[1024] = {static_cast<char>(depth)};
  return depth < 0 ? 0 : frame[0] + Recurse(depth + 1) + frame[0];
}

void Spin() {
  for (volatile unsigned turns = 0;;) turns = turns + 1;
}

void Allocate() {
  std::vector<std::string> all;
  while (true) all.emplace_back(1 << 20, 'x');
}

void SayMuch() {
  const std::string frame(64 << 20, '\x03');
  static_cast<void>(!write(kAnswerFd, frame.data(), frame.size()));
}

EvaluationResponse Said(const std::string& message) {
  EvaluationResponse response;
  response.add_errors()->set_message(message);
  return response;
}

}  // namespace

EvaluationResponse Evaluate(const EvaluationRequest& request) {
  static const auto* const deeds = new std::map<std::string, std::function<void()>>{
      {"recurse", [] { Recurse(0); }},
      {"spin", Spin},
      {"allocate", Allocate},
      {"throw", [] { throw 1; }},
      {"abort", abort},
      {"say much", SayMuch},
      {"exit", [] { _exit(0); }},
      {"open", [] { static_cast<void>(!open("/etc/passwd", O_RDONLY)); }},
      {"connect", [] { socket(AF_INET, SOCK_STREAM, 0); }},
      {"fork", [] { static_cast<void>(!fork()); }},
      {"execute", [] { execl("/bin/true", "true", nullptr); }},
      {"kill", [] { kill(getppid(), SIGKILL); }},
      {"map code",
       [] {
         mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
              0);
       }},
  };
  const auto deed = deeds->find(request.kurfile());
  if (deed != deeds->end()) deed->second();
  return Said(request.kurfile() == "say what is no text" ? "\xff" : "done");
}

}  // namespace kur::server
