// launch_and_exit WORKER RUN_DIRECTORY: launches a worker, prints its identity, and ends without a
// word to it, as a kurd that is killed does.

#include <unistd.h>

#include <iostream>

#include "server/launcher/launcher.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto launcher = kur::server::MakeLocalLauncher(argv[1]);
  const auto identity = launcher->Launch({"orphan", argv[2], {kur::server::Device()}}, nullptr);
  if (!identity.ok()) {
    std::cerr << identity.status() << std::endl;
    return 1;
  }
  std::cout << identity->pid << " " << identity->start_ticks << " " << identity->boot_id
            << std::endl;
  _exit(0);
}
