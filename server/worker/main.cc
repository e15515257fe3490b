// kurd-worker: does one job. Started by kurd with --run-directory, or by hand with `run FILE`.

#include <malloc.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "CLI/CLI.hpp"
#include "engine/base/time_slice.h"
#include "engine/base/version.h"
#include "engine/train/stopwatch.h"
#include "server/confinement/confinement.h"
#include "server/protocol/worker_paths.h"
#include "server/worker/capabilities.h"
#include "server/worker/job_worker.h"
#include "server/worker/kernel_trial.h"
#include "server/worker/standalone.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace {

kur::worker::Control* const g_control = new kur::worker::Control;

void OnTerminate(int) { g_control->Cancel(); }

// glibc gives freed activations back to the kernel after every step and faults them in again in the
// next, thousands of pages each time; these limits make it keep them.
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 2047 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
}

void HandleSignals() {
  struct sigaction action = {};
  action.sa_handler = OnTerminate;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

CLI::App* AddRunCommand(CLI::App* app, kur::worker::StandaloneOptions* options) {
  CLI::App* run = app->add_subcommand("run", "Run a Kurfile without kurd; events as JSON lines");
  run->add_option("FILE", options->kurfile, "The Kurfile")->required();
  const std::map<std::string, kur::Mode> modes = {{"train", kur::Mode::kTrain},
                                                  {"test", kur::Mode::kTest},
                                                  {"evaluate", kur::Mode::kEvaluate},
                                                  {"inspect", kur::Mode::kInspect}};
  run->add_option("--mode", options->mode, "train, test, evaluate or inspect")
      ->transform(CLI::CheckedTransformer(modes));
  run->add_option("--set", options->overrides, "Change the Kurfile: PATH=VALUE")
      ->allow_extra_args(false);
  run->add_option("--seed", options->seed, "Seed of every random choice");
  run->add_option("--threads", options->threads, "CPU threads; default: all")
      ->check(CLI::NonNegativeNumber);
  run->add_option("--device", options->device, "cpu or cuda:N");
  run->add_flag("--offline", options->offline, "Download nothing");
  run->add_option("--download-network", options->download_networks,
                  "Network to download from besides the public internet: ADDRESS/BITS")
      ->allow_extra_args(false);
  return run;
}

}  // namespace

int main(int argc, char** argv) {
  const double process_start = kur::MonotonicSeconds();
  CLI::App app(
      "Trains, tests, evaluates or inspects one Kurfile.\n\n"
      "Example:\n  kurd-worker run tutorial.yml --threads 1",
      "kurd-worker");
  app.set_version_flag("--version", std::string("kurd-worker ") + kur::kVersion);
  std::string run_directory;
  app.add_option("--run-directory", run_directory, "The folder with the job (for kurd)");
  kur::worker::JobOptions job;
  app.add_flag("--confined", job.is_confined, "Give up what no job needs (for kurd)");
  app.add_flag("--secrets-on-stdin", job.has_secrets, "Read the job's secrets (for kurd)");
  // Only kurd reads it, in this process's command line.
  std::string run_directory_id;
  app.add_option("--run-directory-id", run_directory_id, "DEVICE:INODE of the folder (for kurd)");
  bool wants_capabilities = false;
  app.add_flag("--capabilities", wants_capabilities,
               "Print what this worker can train on, as a line of JSON");
  kur::worker::StandaloneOptions options;
  const CLI::App* run = AddRunCommand(&app, &options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  KeepFreedMemory();
  // Before there is a second thread.
  kur::RequestShortTimeSlices();
  HandleSignals();
  spdlog::set_default_logger(spdlog::stderr_logger_mt("worker"));
  if (wants_capabilities) {
    const absl::Status confined = job.is_confined ? kur::server::ConfineWorker() : absl::OkStatus();
    if (!confined.ok()) {
      std::cerr << confined.message() << std::endl;
      return 1;
    }
    std::cout << kur::worker::ToJson(kur::worker::FindCapabilities()) << std::endl;
    return 0;
  }
  if (!run->parsed() && run_directory.empty()) {
    std::cerr << app.help();
    return 2;
  }
  job.process_start = process_start;
  job.kernels = kur::worker::TryKernels(options.threads, argv);
  if (run->parsed()) {
    return kur::worker::RunStandalone(options, g_control, process_start, job.kernels);
  }
  const absl::Status status = kur::worker::RunJob(run_directory, g_control, job);
  if (!status.ok()) {
    spdlog::error("{}", std::string(status.message()));
    return absl::IsResourceExhausted(status) ? kur::worker::kNoSpaceExitCode : 1;
  }
  return 0;
}
