#ifndef KUR_ENGINE_KURFILE_SECTIONS_H_
#define KUR_ENGINE_KURFILE_SECTIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/specs/augmentation_spec.h"
#include "engine/kurfile/specs/hook_spec.h"
#include "engine/kurfile/specs/loss_spec.h"
#include "engine/kurfile/specs/metric_choice.h"
#include "engine/kurfile/specs/optimizer_spec.h"
#include "engine/kurfile/specs/provider_options.h"
#include "engine/kurfile/specs/supplier_spec.h"
#include "engine/kurfile/specs/training_options.h"
#include "engine/value/diagnostics.h"
#include "engine/value/file_reference.h"
#include "engine/value/value.h"

namespace kur {

// One set of data: suppliers whose samples belong together.
struct DataSet {
  std::string name;  // "default" where the Kurfile names none
  std::vector<std::shared_ptr<const SupplierSpec>> suppliers;
};

// `data` and `provider` of a section.
struct DataSection {
  std::vector<DataSet> sets;  // one, except under `validate` and `test`
  ProviderOptions provider;
  Location location;
};

// `stop_when` and the older `epochs`.
struct StopCondition {
  std::optional<int64_t> epochs;  // absent: no limit
  std::optional<double> seconds;  // absent: no limit
  std::string clock = "all";      // the time that counts: all, train, validate, batch
  bool total = false;             // whether earlier runs with this log count
};

// `weights` of a training.
struct WeightsSection {
  std::optional<FileReference> initial;  // loaded first; must_exist says whether it may be missing
  std::optional<FileReference> best;     // written at the lowest training loss
  std::optional<FileReference> last;     // written at the end
  // Whether the data teaches classes and statistics anew, rather than that those of `initial` hold.
  bool relearn = false;
};

// `checkpoint`: written when one of the intervals has passed since the last checkpoint.
struct CheckpointSection {
  FileReference path;
  std::optional<int64_t> epochs;
  std::optional<int64_t> batches;
  std::optional<int64_t> samples;
  std::optional<int64_t> minutes;
  bool validate = false;                      // whether to validate, too
  std::optional<int64_t> validation_batches;  // absent: the whole set
};

// `log`: the binary training log of Kur.
struct LogSection {
  FileReference path;
  bool keep_batch = true;       // keeps the loss of every batch
  std::optional<int64_t> rate;  // seconds between writes of batch losses; absent: once an epoch
};

struct TrainSection {
  DataSection data;
  StopCondition stop;
  WeightsSection weights;
  std::optional<CheckpointSection> checkpoint;
  std::optional<LogSection> log;
  std::shared_ptr<const OptimizerSpec> optimizer;
  TrainingOptions options;
  AugmentationSpecs augmentations;
  HookSpecs hooks;
};

struct ValidateSection {
  DataSection data;
  std::optional<FileReference> best;  // written at the lowest validation loss
  MetricList metrics;
  HookSpecs hooks;
};

struct TestSection {
  DataSection data;
  std::optional<FileReference> weights;
  MetricList metrics;
  HookSpecs hooks;
};

// `destination`: the file for the results of an evaluation.
struct DestinationSection {
  FileReference path;
  std::string format = "auto";  // pkl, pickle, csv, jsonl, npz, or auto: as the path ends
  std::vector<std::string> keep;
  Location location;
};

struct EvaluateSection {
  DataSection data;
  std::optional<FileReference> weights;
  std::optional<DestinationSection> destination;
  HookSpecs hooks;
};

// The typed sections of a Kurfile, without model and settings. Immutable once parsed.
struct Sections {
  std::optional<TrainSection> train;
  std::optional<ValidateSection> validate;
  std::optional<TestSection> test;
  std::optional<EvaluateSection> evaluate;
  std::vector<std::shared_ptr<const LossSpec>> losses;
};

// Return the keys of `train`, of `validate` and `test`, and of `evaluate`.
KeyTable TrainKeys();
KeyTable ValidateAndTestKeys();
KeyTable EvaluateKeys();

// Parses the sections of an evaluated Kurfile and reports all errors.
Sections ParseSections(const Value& kurfile, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SECTIONS_H_
