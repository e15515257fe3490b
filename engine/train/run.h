#ifndef KUR_ENGINE_TRAIN_RUN_H_
#define KUR_ENGINE_TRAIN_RUN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/download/fetch.h"
#include "engine/kurfile/kurfile.h"
#include "engine/train/artifact_writer.h"
#include "engine/train/run_control.h"
#include "engine/train/run_events.h"

namespace kur {

// What a run is connected to. Everything is borrowed and must outlive the run.
struct RunHost {
  RunEvents* events = nullptr;
  ArtifactWriter* artifacts = nullptr;
  RunControl* control = nullptr;
};

// What Mode::kInspect looks at.
struct InspectionOptions {
  std::string section;  // empty: all that there are
  int64_t samples = 5;  // of each set, to be shown
};

struct RunOptions {
  Mode mode = Mode::kTrain;
  // The seed of the order of the data, of fresh weights and of dropout.
  uint64_t seed = 0;
  // The device as torch names it: "cpu", "cuda:0".
  std::string device = "cpu";
  // The memory of the device, in bytes; 0: a processor's, which is that of the machine, or not
  // known.
  int64_t device_memory_bytes = 0;
  // CPU threads to compute with; 0: as many as torch takes.
  int threads = 0;
  InspectionOptions inspection;
  // How data that is not here is downloaded.
  FetchOptions fetch;
  // A folder for data that do not fit into a quarter of the memory; empty: they stay in memory.
  std::string scratch_folder;
  // Where training keeps what it needs to go on after the process was killed; empty: nowhere.
  std::string resume_path;
  // A folder of what this run has written before, under the names that the Kurfile gives; empty: it
  // is not known. Where the file at `resume_path` is damaged, the run goes on from the good
  // checkpoint in it that is the furthest.
  std::string written_folder;
  // The least time between two writes of the file at `resume_path`. A write that takes long makes
  // it longer, so that writing costs at most about 2 % of the time.
  absl::Duration resume_interval = absl::Seconds(15);
  // Where checkpoints and the log are written.
  FileSystem* files = &FileSystem::Posix();
};

enum class RunOutcome { kSucceeded, kCancelled };

// Trains, tests, evaluates or inspects as the Kurfile says. Blocks until the end; an error says
// what, where and what to do. Every command that has come by then is acknowledged.
absl::StatusOr<RunOutcome> Run(const Kurfile& kurfile, const PathResolver& paths,
                               const RunOptions& options, const RunHost& host);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_RUN_H_
