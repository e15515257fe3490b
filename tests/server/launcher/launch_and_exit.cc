// launch_and_exit WORKER RUN_DIRECTORY: launches a worker, prints its handle, and ends without a
// word to it, as a kurd that is killed does.

#include <unistd.h>

#include <iostream>

#include "server/launcher/launcher.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto launcher = kur::server::MakeLocalLauncher(argv[1]);
  const auto worker = launcher->Launch({"orphan", argv[2], {kur::server::Device()}}, nullptr);
  if (!worker.ok()) {
    std::cerr << worker.status() << std::endl;
    return 1;
  }
  std::cout << worker->text << std::endl;
  _exit(0);
}
