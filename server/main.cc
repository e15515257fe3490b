#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/str_join.h"
#include "server/daemon/daemon.h"
#include "server/daemon/options.h"

namespace {

// Blocks the signals that WaitForStop() waits for; before the first thread, so that all inherit it.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Every watcher is a connection.
void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void SetUpLog(const std::string& level) {
  auto logger =
      std::make_shared<spdlog::logger>("kurd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
  spdlog::set_level(spdlog::level::from_str(level));
}

void WaitForStop(const sigset_t& signals, kur::server::Daemon& daemon) {
  while (true) {
    int number = 0;
    sigwait(&signals, &number);
    if (number != SIGHUP) return;
    const absl::Status reloaded = daemon.ReloadTokens();
    if (reloaded.ok()) {
      spdlog::info("the token file was read again");
    } else {
      spdlog::error("the tokens stay as they were: {}", std::string(reloaded.message()));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = kur::server::ParseCommandLine(argc, argv);
  if (const auto* exit = std::get_if<kur::server::EarlyExit>(&parsed)) {
    (exit->code == 0 ? std::cout : std::cerr) << exit->text;
    return exit->code;
  }
  const auto& options = std::get<kur::server::DaemonOptions>(parsed);
  const sigset_t signals = BlockSignals();
  RaiseFileLimit();
  SetUpLog(options.log_level);

  auto daemon = kur::server::Daemon::Start(options);
  if (!daemon.ok()) {
    std::cerr << "kurd: " << daemon.status().message() << std::endl;
    return 2;
  }
  std::cout << "kurd " << kur::server::Version() << " listening on "
            << absl::StrJoin((*daemon)->addresses(), ", ") << std::endl;
  WaitForStop(signals, **daemon);
  spdlog::info("stopping; workers go on");
  daemon->reset();
  return 0;
}
