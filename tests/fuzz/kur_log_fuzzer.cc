// Any files as a training log that Kur wrote: what can be opened is continued, and opened again.

#include <algorithm>
#include <filesystem>

#include "engine/train/kur_log.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using kur::fuzz::Require;

absl::StatusOr<std::unique_ptr<kur::KurLog>> Open(const std::string& path) {
  kur::KurLog::Options options;
  options.clock = [] { return 1.0; };
  return kur::KurLog::Open(kur::FileSystem::Posix(), path, options);
}

void Continue(const std::string& path) {
  auto log = Open(path);
  if (!log.ok()) return kur::fuzz::RequireRefusal(log.status());
  const kur::KurLog::Summary before = (*log)->summary();
  Require(before.epochs >= 0 && before.batches >= 0 && before.samples >= 0 && before.sessions > 0);
  constexpr int64_t kMost = int64_t{1} << 50;
  if (std::max({before.epochs, before.batches, before.samples, before.sessions}) > kMost) return;
  // Columns of another type or shape are refused.
  const bool written = (*log)->LogBatch(4, {{"labels", 0.5}}).ok() &&
                       (*log)->LogTraining({{"labels", 0.5}}).ok() &&
                       (*log)->LogValidation({{"labels", 0.5}}).ok() && (*log)->Flush().ok();
  if (!written) return;
  log = Open(path);
  Require(log.ok() && (*log)->summary().batches == before.batches + 1);
  Require((*log)->summary().sessions == before.sessions + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kur::TemporaryDirectory folder;
  std::filesystem::create_directory(folder.File("beside"));
  const std::string path = folder.File("log");
  std::filesystem::create_directory(path);
  {
    // Into the log's folder, in which nothing else is.
    const kur::TemporaryDirectory files;
    kur::fuzz::WriteFiles(kur::fuzz::Text(data, size), files);
    for (const auto& file : std::filesystem::directory_iterator(files.path())) {
      std::filesystem::copy(file.path(), path);
    }
  }
  Continue(path);
  size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    ++entries;
  }
  Require(entries == 2 && std::filesystem::is_empty(folder.File("beside")));
  return 0;
}
