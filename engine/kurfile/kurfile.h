#ifndef KUR_ENGINE_KURFILE_KURFILE_H_
#define KUR_ENGINE_KURFILE_KURFILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/plan/model_plan.h"
#include "engine/kurfile/sections.h"
#include "engine/kurfile/specs/device_request.h"
#include "engine/value/diagnostics.h"
#include "engine/value/file_reference.h"
#include "engine/value/value.h"

namespace kur {

class TemplateEngine;

enum class Mode {
  kTrain,
  kTest,
  kEvaluate,
  kInspect,  // look at the data of all sections
};

// "train", "test", "evaluate", "inspect".
std::string ToString(Mode mode);

// How to read a Kurfile.
struct KurfileOptions {
  // Changes before evaluation, as PATH=VALUE with a YAML value, in order.
  std::vector<std::string> overrides;
  // Messages show files relative to this folder; empty: the folder of the Kurfile as it was named.
  std::string display_root;
  // Includes may not leave this folder; empty: they may be anywhere.
  std::string include_root;
  // What gpu_count() gives: how many graphics cards the machine has that runs the job.
  int gpu_count = 0;
};

// A Kurfile that has been read, evaluated and checked. Immutable and thread-safe; opens nothing
// that it describes.
class Kurfile {
 public:
  // Reads `path` and what it includes, and checks everything. A status of Diagnostics::ToStatus()
  // (see DiagnosticsOf()) with all errors of the Kurfile; NOT_FOUND or PERMISSION_DENIED when
  // `path` itself cannot be read. `evaluated`, if not null, receives what evaluated() would give
  // also of a Kurfile that is refused, without what cannot be evaluated.
  static absl::StatusOr<Kurfile> Load(const std::string& path, const KurfileOptions& options = {},
                                      Value* evaluated = nullptr);

  // Only reads, includes and overrides: the value before evaluation. `files`, if not null, receives
  // every file that was read, the Kurfile first.
  static absl::StatusOr<Value> LoadRaw(const std::string& path, const KurfileOptions& options = {},
                                       std::vector<std::string>* files = nullptr);

  // The whole Kurfile after evaluation; the model as it was written (its containers are evaluated
  // while they are expanded).
  const Value& evaluated() const { return evaluated_; }

  // Every file that was read, the Kurfile first, as paths of this machine.
  const std::vector<std::string>& files() const { return files_; }

  // The sections that have data, in the order in which a model lives: "train", "validate", "test",
  // "evaluate".
  struct NamedData {
    std::string section;
    const DataSection* data;  // owned by the Kurfile
  };
  std::vector<NamedData> DataSections() const;

  // The files that a job in that mode reads (data, initial weights) and writes (weights,
  // checkpoints, logs, results). With `section` only what the data of that section is read from.
  std::vector<FileReference> Inputs(Mode mode, const std::string& section = "") const;
  std::vector<FileReference> Outputs(Mode mode) const;

  // FAILED_PRECONDITION or a diagnostics status if the Kurfile lacks what the mode needs.
  absl::Status CheckMode(Mode mode) const;

  const DeviceRequest& devices() const { return devices_; }
  // `settings.seed`, if given.
  std::optional<uint64_t> seed() const { return seed_; }
  const Sections& sections() const { return sections_; }
  // The expanded model with what is known of its shapes.
  const ModelPlan& plan() const { return plan_; }
  // What is legal but surely not meant.
  const std::vector<Diagnostic>& warnings() const { return warnings_; }

 private:
  Kurfile() = default;
  // Evaluates all sections and expands the model.
  void Evaluate(const Value& raw, const std::string& filename, const TemplateEngine& engine,
                Diagnostics* diagnostics);
  // Infers the shapes of the expanded model, and checks losses, metrics and optimizer against it.
  void CheckModel(Diagnostics* diagnostics);

  void CheckPaths(Diagnostics* diagnostics) const;
  // The data that a job in that mode reads.
  std::vector<const DataSection*> DataSectionsFor(Mode mode) const;

  Value evaluated_;
  std::vector<std::string> files_;
  DeviceRequest devices_;
  std::optional<uint64_t> seed_;
  Sections sections_;
  ModelPlan plan_;
  std::vector<Diagnostic> warnings_;
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_KURFILE_H_
