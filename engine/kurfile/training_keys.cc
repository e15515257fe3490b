#include "engine/kurfile/training_keys.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/schema/kind.h"

namespace kur {
namespace {

bool IsEndless(const Value& value) {
  static const std::set<std::string>* const kWords =
      new std::set<std::string>{"inf", "all", "infinite", "infinity"};
  return value.is_null() ||
         (value.is_float() && value.as_float() > 0 && value.as_float() == value.as_float() * 2) ||
         (value.is_string() && kWords->count(value.as_string()) > 0);
}

// Parses a number of epochs, or one of the words for "no limit".
bool ParseEpochs(const Value& value, const std::string& key, Diagnostics* diagnostics,
                 std::optional<int64_t>* epochs) {
  if (IsEndless(value)) {
    epochs->reset();
    return true;
  }
  int64_t count = 0;
  if (!FieldTraits<int64_t>::Parse(value, key, diagnostics, &count)) return false;
  if (count < 0) {
    diagnostics->Error(value.location(), key, "must be 0 or greater");
    return false;
  }
  *epochs = count;
  return true;
}

struct RawElapsed {
  double days = 0;
  double hours = 0;
  double minutes = 0;
  std::string clock = "all";
};

const Fields<RawElapsed>& ElapsedFields() {
  static const auto* const kFields = new Fields<RawElapsed>(
      Fields<RawElapsed>()
          .Optional("days", &RawElapsed::days, "days to train", NotNegative())
          .Optional("hours", &RawElapsed::hours, "hours to train", NotNegative())
          .Optional("minutes", &RawElapsed::minutes, "minutes to train", NotNegative())
          .Choice("clock", &RawElapsed::clock, {"all", "train", "validate", "batch"},
                  "which time counts")
          .Shorthand("minutes"));
  return *kFields;
}

struct RawStopWhen {
  Value epochs;
  Value elapsed;
  std::string mode = "additional";
};

const Fields<RawStopWhen>& StopWhenFields() {
  static const auto* const kFields = new Fields<RawStopWhen>(
      Fields<RawStopWhen>()
          .Optional("epochs", &RawStopWhen::epochs, "epochs to train; infinite: no limit")
          .Example("10")
          .Optional("elapsed", &RawStopWhen::elapsed, "how long to train: minutes, or more exactly")
          .Example("{hours: 2}")
          .Keys(ElapsedFields().Describe())
          .Choice("mode", &RawStopWhen::mode, {"additional", "total"},
                  "whether earlier runs of the log count"));
  return *kFields;
}

struct RawEpochs {
  Value number;
  std::string mode = "additional";
};

const Fields<RawEpochs>& EpochsFields() {
  static const auto* const kFields = new Fields<RawEpochs>(
      Fields<RawEpochs>()
          .Optional("number", &RawEpochs::number, "epochs to train; infinite: no limit")
          .Example("10")
          .Choice("mode", &RawEpochs::mode, {"additional", "total"},
                  "whether earlier runs of the log count")
          .Shorthand("number"));
  return *kFields;
}

}  // namespace

KeyTable EpochsKeys() { return EpochsFields().Describe(); }

KeyTable StopWhenKeys() { return StopWhenFields().Describe(); }

StopCondition ParseStop(const Value& epochs, const Value& stop_when, Diagnostics* diagnostics) {
  StopCondition stop;
  RawEpochs older;
  if (EpochsFields().Parse(epochs, "train.epochs", diagnostics, &older)) {
    ParseEpochs(older.number, "train.epochs", diagnostics, &stop.epochs);
    stop.total = older.mode == "total";
  }
  RawStopWhen raw;
  if (stop_when.is_null() ||
      !StopWhenFields().Parse(stop_when, "train.stop_when", diagnostics, &raw)) {
    return stop;
  }
  const Value* mode = stop_when.Find("mode");
  if (mode != nullptr && !mode->is_null()) stop.total = raw.mode == "total";
  if (stop_when.Find("epochs") != nullptr) {
    const auto older_epochs = stop.epochs;
    ParseEpochs(raw.epochs, "train.stop_when.epochs", diagnostics, &stop.epochs);
    if (!epochs.is_null() && older_epochs != stop.epochs) {
      diagnostics->Warning(epochs.location(), "train.epochs",
                           "is not used, as train.stop_when.epochs says something else; change "
                           "that one");
    }
  }
  RawElapsed elapsed;
  if (!IsEndless(raw.elapsed) &&
      ElapsedFields().Parse(raw.elapsed, "train.stop_when.elapsed", diagnostics, &elapsed)) {
    const double seconds = 60 * (elapsed.minutes + 60 * (elapsed.hours + 24 * elapsed.days));
    if (seconds <= 0) {
      diagnostics->Error(raw.elapsed.location(), "train.stop_when.elapsed",
                         "must be greater than 0");
    }
    stop.seconds = seconds;
    stop.clock = elapsed.clock;
  }
  return stop;
}

namespace {

struct RawCheckpoint {
  std::optional<FileReference> path;
  std::optional<int64_t> epochs;
  std::optional<int64_t> batches;
  std::optional<int64_t> samples;
  std::optional<int64_t> minutes;
  Value validation = Value(false);
};

Condition<std::optional<int64_t>> AtLeastOne() {
  return {"at least 1", [](const std::optional<int64_t>& value) { return value.value_or(1) >= 1; }};
}

const Fields<RawCheckpoint>& CheckpointFields() {
  static const auto* const kFields = new Fields<RawCheckpoint>(
      Fields<RawCheckpoint>()
          .Optional("path", &RawCheckpoint::path, "where to write; default: checkpoint")
          .Example("checkpoint")
          .Optional("epochs", &RawCheckpoint::epochs, "epochs between checkpoints", AtLeastOne())
          .Example("1")
          .Optional("batches", &RawCheckpoint::batches, "batches between checkpoints", AtLeastOne())
          .Example("1000")
          .Optional("samples", &RawCheckpoint::samples, "samples between checkpoints", AtLeastOne())
          .Example("100000")
          .Optional("minutes", &RawCheckpoint::minutes, "minutes between checkpoints", AtLeastOne())
          .Example("10")
          .Optional("validation", &RawCheckpoint::validation,
                    "whether to validate too: yes, no, or a number of batches")
          .Example("yes")
          .Shorthand("path"));
  return *kFields;
}

}  // namespace

KeyTable CheckpointKeys() { return CheckpointFields().Describe(); }

std::optional<CheckpointSection> ParseCheckpoint(const Value& value, const std::string& key,
                                                 Diagnostics* diagnostics) {
  RawCheckpoint raw;
  if (value.is_null() || !CheckpointFields().Parse(value, key, diagnostics, &raw)) {
    return std::nullopt;
  }
  CheckpointSection section;
  section.path = raw.path.value_or(FileReference{"checkpoint", value.location(), key + ".path"});
  section.epochs = raw.epochs;
  section.batches = raw.batches;
  section.samples = raw.samples;
  section.minutes = raw.minutes;
  if (!raw.epochs && !raw.batches && !raw.samples && !raw.minutes) section.epochs = 1;
  if (raw.validation.is_bool()) {
    section.validate = raw.validation.as_bool();
  } else if (!raw.validation.is_null()) {
    int64_t batches = 0;
    if (FieldTraits<int64_t>::Parse(raw.validation, key + ".validation", diagnostics, &batches)) {
      if (batches < 0) {
        diagnostics->Error(raw.validation.location(), key + ".validation", "must be 0 or greater");
      }
      section.validate = batches > 0;
      section.validation_batches = batches;
    }
  }
  return section;
}

namespace {

struct RawLog {
  std::string name = "binary";
  std::optional<FileReference> path;
  bool keep_batch = true;
  std::optional<int64_t> rate;
};

const Fields<RawLog>& LogFields() {
  static const auto* const kFields = new Fields<RawLog>(
      Fields<RawLog>()
          .Choice("name", &RawLog::name, {"binary", "memory"},
                  "the format; memory: nothing is written")
          .Optional("path", &RawLog::path, "the folder to write to; binary needs it")
          .Example("log")
          .Optional("keep_batch", &RawLog::keep_batch, "keep the loss of every batch")
          .Optional("rate", &RawLog::rate, "seconds between writes; null: once an epoch")
          .Example("30")
          .Shorthand("path"));
  return *kFields;
}

}  // namespace

KeyTable LogKeys() { return LogFields().Describe(); }

std::optional<LogSection> ParseLog(const Value& value, Diagnostics* diagnostics) {
  RawLog raw;
  if (value.is_null() || !LogFields().Parse(value, "train.log", diagnostics, &raw)) {
    return std::nullopt;
  }
  if (raw.name == "memory") {
    if (raw.path) {
      diagnostics->Warning(raw.path->location, raw.path->key,
                           "is not used, as a log in memory is never written");
    }
    return std::nullopt;
  }
  if (!raw.path) {
    diagnostics->Error(value.location(), "train.log", "missing key 'path': the folder to write to");
    return std::nullopt;
  }
  return LogSection{*raw.path, raw.keep_batch, raw.rate};
}

std::shared_ptr<const OptimizerSpec> ParseOptimizer(const Value& value, const Location& fallback,
                                                    Diagnostics* diagnostics) {
  const std::string key = "train.optimizer";
  std::string name = "adam";
  Location place = value.location().known() ? value.location() : fallback;
  Value arguments = Value(Dict()).At(place);
  if (value.is_string()) {
    name = value.as_string();
  } else if (value.is_dict()) {
    Dict rest = value.as_dict();
    if (const Value* named = rest.Find("name"); named != nullptr && !named->is_null()) {
      if (!FieldTraits<std::string>::Parse(*named, key + ".name", diagnostics, &name)) {
        return nullptr;
      }
      place = named->location();
    }
    rest.Erase("name");
    arguments = Value(std::move(rest)).At(value.location());
  } else if (!value.is_null()) {
    ReportType(value, key, "the name of an optimizer or a dictionary", diagnostics);
    return nullptr;
  }
  return ParseKind<OptimizerSpec>("optimizer", absl::AsciiStrToLower(name), place, arguments, key,
                                  diagnostics);
}

}  // namespace kur
