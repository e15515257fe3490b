#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/str_join.h"
#include "server/daemon/daemon.h"
#include "server/daemon/options.h"
#include "server/daemon/service_manager.h"

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

// Secrets of users pass through this process: no core has them, and no other process of the
// account, such as a worker, reads them here. AddressSanitizer must look into the process to find
// leaks.
void HideMemory() {
#ifndef __SANITIZE_ADDRESS__
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

// Every watcher is a connection.
void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// gRPC reports errors of peers, of which strangers can make as many as they like: only for
// debugging.
void LogGrpc(gpr_log_func_args* line) { spdlog::debug("gRPC: {}", line->message); }

void SetUpLog(const std::string& level) {
  auto logger =
      std::make_shared<spdlog::logger>("kurd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
  spdlog::set_level(spdlog::level::from_str(level));
  gpr_set_log_function(LogGrpc);
}

void LogReload(const char* what, const absl::Status& reloaded) {
  if (reloaded.ok()) {
    spdlog::info("the {} was read again", what);
  } else {
    spdlog::error("the {} stays as it was: {}", what, std::string(reloaded.message()));
  }
}

// Not being heard costs what systemd does about it, but no job.
void Notify(const char* state) {
  const absl::Status notified = kur::server::NotifyServiceManager(state);
  if (!notified.ok()) spdlog::warn("{}", std::string(notified.message()));
}

void Reload(const kur::server::DaemonOptions& options, kur::server::Daemon& daemon) {
  const bool has_tokens = !options.token_file.empty() || !options.metrics_token_file.empty();
  const bool has_certificate = !options.tls_certificate.empty();
  if (has_tokens) LogReload("token file", daemon.ReloadTokens());
  if (has_certificate) LogReload("certificate", daemon.ReloadCertificate());
  if (!has_tokens && !has_certificate) {
    spdlog::info("SIGHUP: there is neither a token file nor a certificate to read again");
  }
}

void WaitForStop(const sigset_t& signals, const kur::server::DaemonOptions& options,
                 kur::server::Daemon& daemon) {
  while (true) {
    int number = 0;
    sigwait(&signals, &number);
    if (number != SIGHUP) return;
    Reload(options, daemon);
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
  HideMemory();
  // What kurd writes is its own, whatever the shell that starts it allows.
  umask(0077);
  // What a stranger's bytes are, their sender is told; they write no line into the log.
  google::protobuf::SetLogHandler(nullptr);
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
  Notify("READY=1");
  WaitForStop(signals, options, **daemon);
  Notify("STOPPING=1");
  spdlog::info("stopping; workers go on");
  daemon->reset();
  return 0;
}
