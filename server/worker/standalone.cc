#include "server/worker/standalone.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <iostream>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/path_resolver.h"
#include "engine/base/status.h"
#include "engine/train/run.h"
#include "google/protobuf/util/json_util.h"
#include "server/worker/event_conversions.h"
#include "server/worker/reporter.h"

namespace kur::worker {
namespace {

// Writes each event as a line of JSON as soon as it comes.
class JsonSink : public EventSink {
 public:
  absl::Status Add(v1::Event event) override {
    event.set_number(++number_);
    event.set_worker_sequence(number_);
    *event.mutable_time() = CurrentTimestamp();
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string line;
    const auto status = google::protobuf::util::MessageToJsonString(event, &line, options);
    if (!status.ok()) return absl::InternalError(status.ToString());
    std::cout << line << std::endl;
    return std::cout.good() ? absl::OkStatus() : absl::UnavailableError("cannot write to stdout");
  }
  absl::Status Sync() override { return absl::OkStatus(); }

 private:
  int64_t number_ = 0;
};

std::string Absolute(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.c_str(), buffer) != nullptr ? buffer : path;
}

uint64_t RandomSeed() {
  std::random_device device;
  return device();
}

}  // namespace

int RunStandalone(const StandaloneOptions& options, Control* control, double process_start,
                  const absl::StatusOr<std::vector<std::string>>& kernels) {
  if (!kernels.ok()) {
    std::cerr << kernels.status().message() << std::endl;
    return 3;
  }
  KurfileOptions kurfile_options;
  kurfile_options.overrides = options.overrides;
  const auto kurfile = Kurfile::Load(options.kurfile, kurfile_options);
  if (!kurfile.ok()) {
    std::cerr << kurfile.status().message() << std::endl;
    return 1;
  }
  PathResolver::Options path_options;
  path_options.workspace = Absolute(DirectoryOf(options.kurfile));
  const char* home = std::getenv("HOME");
  path_options.home = home == nullptr ? "/" : home;
  path_options.data_roots = {"/"};
  for (const FileReference& file : kurfile->Inputs(options.mode)) {
    const auto name = NormalizeInputPath(file.path);
    const std::string local = JoinPath(path_options.workspace, name.value_or(""));
    if (name.ok() && absl::StartsWith(*name, "../") && Exists(local)) {
      path_options.inputs[*name] = local;
    }
  }
  const PathResolver paths(path_options);

  RunOptions run_options;
  run_options.mode = options.mode;
  run_options.seed = options.seed.value_or(kurfile->seed().value_or(RandomSeed()));
  run_options.device = options.device;
  run_options.threads = options.threads;
  run_options.scratch_folder = path_options.workspace;
  run_options.files = &FilesWithoutLinks();
  run_options.fetch.offline = options.offline;
  const auto rules = NetworkRules::Parse(options.download_networks);
  if (!rules.ok()) {
    std::cerr << "--download-network: " << rules.status().message() << std::endl;
    return 2;
  }
  run_options.fetch.http = MakeHttpClient(*rules);
  JsonSink sink;
  Reporter reporter(paths, &sink, {"", process_start, &FilesWithoutLinks()});
  for (const Diagnostic& warning : kurfile->warnings()) {
    reporter.OnLog(LogLevel::kWarning, warning.ToString());
  }
  for (const std::string& left : *kernels) reporter.OnLog(LogLevel::kWarning, left);
  reporter.OnLog(LogLevel::kInfo, absl::StrCat("seed ", run_options.seed));
  const auto end = Run(*kurfile, paths, run_options, {&reporter, &reporter, control});
  reporter.Flush().IgnoreError();
  if (!end.ok()) {
    std::cerr << end.status().message() << std::endl;
    return 3;
  }
  return *end == RunOutcome::kCancelled ? 4 : 0;
}

}  // namespace kur::worker
