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
#include "engine/kurfile/yaml/source_tree.h"
#include "engine/value/diagnostics.h"
#include "engine/value/file_reference.h"
#include "engine/value/mode.h"
#include "engine/value/secret_reference.h"
#include "engine/value/value.h"

namespace kur {

class TemplateEngine;

// How to read a Kurfile.
struct KurfileOptions {
  // Changes before evaluation, in order, as PATH=VALUE with a YAML value.
  std::vector<std::string> overrides;
  // Messages show files relative to this folder; empty: relative to the folder of the Kurfile, as
  // it was named.
  std::string display_root;
  // Where the Kurfile and its includes are read from; must outlive the call.
  const SourceTree* sources = &SourceTree::Disk();
  // The result of gpu_count() in templates: the number of graphics cards of the machine that runs
  // the job.
  int gpu_count = 0;
};

// A Kurfile that has been read, evaluated and checked. Opens none of the data that it describes.
// Immutable, thread-safe.
class Kurfile {
 public:
  // Reads `path` and its includes, and checks everything. Returns a status of
  // Diagnostics::ToStatus() with all errors of the Kurfile, or NOT_FOUND or PERMISSION_DENIED if
  // `path` itself cannot be read. `evaluated`, if not null, receives evaluated() even if the
  // Kurfile is refused, without the parts that cannot be evaluated.
  static absl::StatusOr<Kurfile> Load(const std::string& path, const KurfileOptions& options = {},
                                      Value* evaluated = nullptr);

  // Reads `path` and its includes and applies the overrides, without evaluation. `files`, if not
  // null, receives every file that was read, the Kurfile first.
  static absl::StatusOr<Value> LoadRaw(const std::string& path, const KurfileOptions& options = {},
                                       std::vector<std::string>* files = nullptr);

  // Returns the whole Kurfile after evaluation. The model is as it was written, because its
  // containers are evaluated during expansion.
  const Value& evaluated() const { return evaluated_; }

  // Returns every file that was read, the Kurfile first, as paths of the source tree.
  const std::vector<std::string>& files() const { return files_; }

  // A section that has data.
  struct NamedData {
    std::string section;
    const DataSection* data;  // owned by the Kurfile
  };
  // Returns the sections that have data in the order "train", "validate", "test", "evaluate".
  std::vector<NamedData> DataSections() const;

  // Returns the files that a job in `mode` reads (data, initial weights). With `section`, returns
  // only the files with the data of that section.
  std::vector<FileReference> Inputs(Mode mode, const std::string& section = "") const;
  // Returns the files that a job in `mode` writes (weights, checkpoints, logs, results).
  std::vector<FileReference> Outputs(Mode mode) const;

  // Returns those of the inputs that may be downloaded, owned by the Kurfile; `section` as above.
  std::vector<const Package*> Packages(Mode mode, const std::string& section = "") const;

  // Returns where a job in `mode` uses secrets; `section` as above.
  std::vector<SecretUse> Secrets(Mode mode, const std::string& section = "") const;

  // Returns a diagnostics status if the Kurfile lacks what `mode` needs.
  absl::Status CheckMode(Mode mode) const;

  const DeviceRequest& devices() const { return devices_; }
  // Returns `settings.seed`, if given.
  std::optional<uint64_t> seed() const { return seed_; }
  const Sections& sections() const { return sections_; }
  // Returns the expanded model with all shapes that are known.
  const ModelPlan& plan() const { return plan_; }
  // Returns warnings about what is legal but surely not meant.
  const std::vector<Diagnostic>& warnings() const { return warnings_; }

 private:
  Kurfile() = default;
  // Evaluates all sections and expands the model.
  void Evaluate(const Value& raw, const std::string& filename, const TemplateEngine& engine,
                Diagnostics* diagnostics);
  // Infers the shapes of the expanded model, and checks losses, metrics and optimizer against it.
  void CheckModel(Diagnostics* diagnostics);

  void CheckPaths(Diagnostics* diagnostics) const;
  // Returns the hooks of a job in `mode`, without those that are not run.
  HookSpecs HooksFor(Mode mode) const;
  // Returns the data that a job in `mode` reads, or only that of the section `only`.
  std::vector<const DataSection*> DataSectionsFor(Mode mode, const std::string& only = "") const;

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
