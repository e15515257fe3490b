#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/app.h"
#include "client/interrupt.h"

int main(int argc, char** argv) {
  using namespace kur::client;  // NOLINT: this file is nothing but kurctl
  // The log of gRPC is not meant for users of kurctl.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  std::ios::sync_with_stdio(false);
  const Environment environment = Environment::FromProcess();
  Terminal out(std::cout, Terminal::Detect(STDOUT_FILENO, environment));
  Terminal err(std::cerr, Terminal::Detect(STDERR_FILENO, environment));
  SystemClock clock;
  Context context = {environment,     out, err, clock, absl::LocalTimeZone(), Interrupted(),
                     CatchInterrupts, {}};
  const std::vector<std::string> words(argv + 1, argv + argc);
  return static_cast<int>(RunKurctl(words, context));
}
