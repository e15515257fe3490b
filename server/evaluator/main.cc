// kurd-evaluator: reads strangers' Kurfiles for kurd, which starts it.

#include <sys/socket.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "engine/base/version.h"
#include "server/evaluator/fork_server.h"
#include "server/protocol/evaluation_stream.h"

namespace {

constexpr char kUsage[] =
    "kurd-evaluator is started by kurd, to read Kurfiles for it, and is of no use alone.\n"
    "It takes --help and --version.\n";

bool IsStartedByKurd() {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(kur::server::kControlFd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_SEQPACKET;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string argument = argc > 1 ? argv[1] : "";
  if (argument == "--help") {
    std::cout << kUsage;
    return EXIT_SUCCESS;
  }
  if (argument == "--version") {
    std::cout << "kurd-evaluator " << kur::kVersion << std::endl;
    return EXIT_SUCCESS;
  }
  if (!argument.empty() || !IsStartedByKurd()) {
    constexpr int kMisuse = 2;
    std::cerr << kUsage;
    return kMisuse;
  }
  return kur::server::ServeEvaluations(kur::server::kControlFd);
}
