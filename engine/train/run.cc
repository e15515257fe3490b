#include "engine/train/run.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <exception>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/spillable_buffer.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/train/evaluator.h"
#include "engine/train/inspection.h"
#include "engine/train/stopwatch.h"
#include "engine/train/trainer.h"

namespace kur {
namespace {

// Brings the data here that is elsewhere. False if the run was cancelled meanwhile.
absl::StatusOr<bool> FetchData(const Kurfile& kurfile, const PathResolver& paths,
                               const RunOptions& options, RunObserver* observer) {
  constexpr double kProgressInterval = 0.25;
  double last_progress = 0;
  FetchListener listener;
  listener.on_note = [&](const std::string& text) { observer->OnLog(LogLevel::kInfo, text); };
  listener.on_progress = [&](const std::string& path, int64_t bytes, int64_t total) {
    if (bytes > 0 && MonotonicSeconds() - last_progress > kProgressInterval) {
      last_progress = MonotonicSeconds();
      observer->OnDownloadProgress(path, bytes, total);
    }
    return !observer->CancelRequested();
  };
  const absl::Status fetched = FetchMissing(
      kurfile.Inputs(options.mode, options.inspection.section), paths, options.fetch, listener);
  if (absl::IsCancelled(fetched)) return false;
  if (!fetched.ok()) return fetched;
  return true;
}

absl::StatusOr<RunEnd> RunMode(const Kurfile& kurfile, const PathResolver& paths,
                               const RunOptions& options, RunObserver* observer) {
  KUR_ASSIGN_OR_RETURN(const bool fetched, FetchData(kurfile, paths, options, observer));
  if (!fetched) return RunEnd::kCancelled;
  switch (options.mode) {
    case Mode::kTrain:
      return Trainer(kurfile, paths, options, observer).Run();
    case Mode::kTest:
      return RunTest(kurfile, paths, options, observer);
    case Mode::kEvaluate:
      return RunEvaluation(kurfile, paths, options, observer);
    case Mode::kInspect:
      return RunInspection(kurfile, paths, options, observer);
  }
  return absl::InternalError("unknown mode");
}

// torch puts a backtrace behind the first line.
std::string FirstLine(const char* what) {
  return std::string(*absl::StrSplit(what, absl::MaxSplits('\n', 1)).begin());
}

absl::Status OutOfMemory(const std::string& detail) {
  return absl::ResourceExhaustedError(
      absl::StrCat("out of memory (", detail, "); use a smaller batch_size or a smaller model"));
}

}  // namespace

absl::StatusOr<RunEnd> Run(const Kurfile& kurfile, const PathResolver& paths,
                           const RunOptions& options, RunObserver* observer) {
  KUR_RETURN_IF_ERROR(kurfile.CheckMode(options.mode));
  try {
    SpillableBuffer::SetSpillFolder(options.scratch_folder, TotalMemoryBytes() / 4);
    if (options.threads > 0) at::set_num_threads(options.threads);
    return RunMode(kurfile, paths, options, observer);
  } catch (const SpillableBuffer::OutOfSpace& error) {
    return absl::ResourceExhaustedError(error.what());
  } catch (const std::bad_alloc&) {
    return OutOfMemory("the machine's");
  } catch (const c10::Error& error) {
    const std::string text = FirstLine(error.what_without_backtrace());
    if (absl::StrContains(text, "memory")) return OutOfMemory(text);
    if (absl::StrContains(text, "deterministic implementation")) {
      return absl::FailedPreconditionError(
          absl::StrCat("the model cannot be trained with train.deterministic: ", text));
    }
    return absl::InternalError(absl::StrCat("torch: ", text));
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("torch: ", FirstLine(error.what())));
  }
}

}  // namespace kur
