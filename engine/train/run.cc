#include "engine/train/run.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/spillable_buffer.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/train/inspection.h"
#include "engine/train/stopwatch.h"
#include "engine/train/test_and_evaluate.h"
#include "engine/train/torch_error.h"
#include "engine/train/trainer.h"
#include "engine/train/training_setup.h"

namespace kur {
namespace {

// Answers every command that waits with FAILED_PRECONDITION.
void RefuseCommands(const std::string& reason, RunEvents* events, RunControl* control) {
  while (const auto command = control->TakeCommand()) {
    events->OnCommandDone(command->id, absl::FailedPreconditionError(reason));
  }
}

// The control of a run that trains nothing: refuses commands as soon as the run looks whether it is
// cancelled. As thread-safe as the control behind it; the thread that asks reports the refusals.
class CancelOnlyControl : public RunControl {
 public:
  explicit CancelOnlyControl(const RunHost& host) : host_(host) {}

  bool IsCancelled() const override {
    RefuseCommands("only a training writes checkpoints", host_.events, host_.control);
    return host_.control->IsCancelled();
  }
  std::optional<RunCommand> TakeCommand() override { return std::nullopt; }

 private:
  const RunHost host_;
};

// Brings the data here that is elsewhere. False if the run was cancelled meanwhile.
absl::StatusOr<bool> FetchData(const Kurfile& kurfile, const PathResolver& paths,
                               const RunOptions& options, const RunHost& host) {
  constexpr double kProgressInterval = 0.25;
  double last_progress = 0;
  FetchListener listener;
  listener.on_note = [&](const std::string& text) { host.events->OnLog(LogLevel::kInfo, text); };
  listener.on_progress = [&](const std::string& path, int64_t bytes, int64_t total) {
    if (bytes > 0 && MonotonicSeconds() - last_progress > kProgressInterval) {
      last_progress = MonotonicSeconds();
      host.events->OnDownloadProgress(path, bytes, total);
    }
    return !host.control->IsCancelled();
  };
  const absl::Status fetched = FetchMissing(
      kurfile.Packages(options.mode, options.inspection.section), paths, options.fetch, listener);
  if (absl::IsCancelled(fetched)) return false;
  if (!fetched.ok()) return fetched;
  return true;
}

absl::StatusOr<RunOutcome> RunTraining(const Kurfile& kurfile, const PathResolver& paths,
                                       const RunOptions& options, const RunHost& host) {
  KUR_ASSIGN_OR_RETURN(Training training, TrainingSetup(kurfile, paths, options, host).Build());
  return Trainer(std::move(training), kurfile, options, host).Run();
}

absl::StatusOr<RunOutcome> RunMode(const Kurfile& kurfile, const PathResolver& paths,
                                   const RunOptions& options, const RunHost& host) {
  CancelOnlyControl cancel_only(host);
  const RunHost untrained = {host.events, host.artifacts, &cancel_only};
  const bool trains = options.mode == Mode::kTrain;
  KUR_ASSIGN_OR_RETURN(const bool fetched,
                       FetchData(kurfile, paths, options, trains ? host : untrained));
  if (!fetched) return RunOutcome::kCancelled;
  switch (options.mode) {
    case Mode::kTrain:
      return RunTraining(kurfile, paths, options, host);
    case Mode::kTest:
      return RunTest(kurfile, paths, options, untrained);
    case Mode::kEvaluate:
      return RunEvaluation(kurfile, paths, options, untrained);
    case Mode::kInspect:
      return RunInspection(kurfile, paths, options, untrained);
  }
  return absl::InternalError("unknown mode");
}

// As Run(), which it leaves the last commands.
absl::StatusOr<RunOutcome> RunGuarded(const Kurfile& kurfile, const PathResolver& paths,
                                      const RunOptions& options, const RunHost& host) {
  KUR_RETURN_IF_ERROR(kurfile.CheckMode(options.mode));
  try {
    SpillableBuffer::SetSpillFolder(options.scratch_folder, TotalMemoryBytes() / 4);
    if (options.threads > 0) at::set_num_threads(options.threads);
    return RunMode(kurfile, paths, options, host);
  } catch (const SpillableBuffer::OutOfSpace& error) {
    return absl::ResourceExhaustedError(error.what());
  } catch (const std::bad_alloc&) {
    return OutOfMemory("the machine's");
  } catch (const c10::OutOfMemoryError& error) {
    return OutOfMemory(error.what_without_backtrace());
  } catch (const c10::Error& error) {
    return TorchError(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return TorchError(error.what());
  }
}

}  // namespace

absl::StatusOr<RunOutcome> Run(const Kurfile& kurfile, const PathResolver& paths,
                               const RunOptions& options, const RunHost& host) {
  absl::StatusOr<RunOutcome> end = RunGuarded(kurfile, paths, options, host);
  RefuseCommands("the run ended before it could be done", host.events, host.control);
  return end;
}

}  // namespace kur
