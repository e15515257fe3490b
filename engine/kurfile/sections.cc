#include "engine/kurfile/sections.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/fields.h"
#include "engine/kurfile/kind.h"

namespace kur {

bool FieldTraits<ClipSpec>::Parse(const Value& value, const std::string& key,
                                  Diagnostics* diagnostics, ClipSpec* to) {
  static const auto* const kFields = new Fields<ClipSpec>(
      Fields<ClipSpec>()
          .Optional("norm", &ClipSpec::norm, "largest L2 norm over all gradients")
          .Optional("abs", &ClipSpec::abs, "largest absolute value of an element"));
  if (value.is_null()) return true;
  if (!kFields->Parse(value, key, diagnostics, to)) return false;
  if (to->norm.has_value() == to->abs.has_value()) {
    diagnostics->Error(value.location(), key, "give either 'norm' or 'abs'");
    return false;
  }
  if (to->norm.value_or(1) <= 0 || to->abs.value_or(1) <= 0) {
    diagnostics->Error(value.location(), key, "must be greater than 0");
    return false;
  }
  return true;
}

namespace {

bool IsEndless(const Value& value) {
  static const std::set<std::string>* const kWords =
      new std::set<std::string>{"inf", "all", "infinite", "infinity"};
  return value.is_null() ||
         (value.is_float() && value.as_float() > 0 && value.as_float() == value.as_float() * 2) ||
         (value.is_string() && kWords->count(value.as_string()) > 0);
}

// A number of epochs, or one of the words for "no limit".
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
          .Optional("elapsed", &RawStopWhen::elapsed, "minutes, or {days, hours, minutes, clock}")
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
          .Choice("mode", &RawEpochs::mode, {"additional", "total"},
                  "whether earlier runs of the log count")
          .Shorthand("number"));
  return *kFields;
}

// `stop_when` wins over `epochs` where both say something.
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
  if (stop_when.Find("mode") != nullptr) stop.total = raw.mode == "total";
  if (stop_when.Find("epochs") != nullptr) {
    ParseEpochs(raw.epochs, "train.stop_when.epochs", diagnostics, &stop.epochs);
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

struct RawWeights {
  std::optional<FileReference> initial;
  bool must_exist = false;
  std::optional<FileReference> best;
  std::optional<FileReference> last;
};

const Fields<RawWeights>& WeightsFields() {
  static const auto* const kFields =
      new Fields<RawWeights>(Fields<RawWeights>()
                                 .Optional("initial", &RawWeights::initial, "weights to begin with")
                                 .Optional("must_exist", &RawWeights::must_exist,
                                           "fail if the initial weights are missing")
                                 .Optional("best", &RawWeights::best, "written at the lowest loss")
                                 .Optional("last", &RawWeights::last, "written at the end")
                                 .Shorthand("initial"));
  return *kFields;
}

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
          .Optional("epochs", &RawCheckpoint::epochs, "epochs between checkpoints", AtLeastOne())
          .Optional("batches", &RawCheckpoint::batches, "batches between checkpoints", AtLeastOne())
          .Optional("samples", &RawCheckpoint::samples, "samples between checkpoints", AtLeastOne())
          .Optional("minutes", &RawCheckpoint::minutes, "minutes between checkpoints", AtLeastOne())
          .Optional("validation", &RawCheckpoint::validation,
                    "whether to validate too: yes, no, or a number of batches")
          .Shorthand("path"));
  return *kFields;
}

std::optional<CheckpointSection> ParseCheckpoint(const Value& value, Diagnostics* diagnostics) {
  const std::string key = "train.checkpoint";
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
  } else {
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

struct RawLog {
  std::string name = "binary";
  FileReference path;
  bool keep_batch = true;
  std::optional<int64_t> rate;
};

const Fields<RawLog>& LogFields() {
  static const auto* const kFields = new Fields<RawLog>(
      Fields<RawLog>()
          .Choice("name", &RawLog::name, {"binary"}, "the format")
          .Required("path", &RawLog::path, "the folder to write to")
          .Optional("keep_batch", &RawLog::keep_batch, "keep the loss of every batch")
          .Optional("rate", &RawLog::rate, "seconds between writes; null: once an epoch")
          .Shorthand("path"));
  return *kFields;
}

std::optional<LogSection> ParseLog(const Value& value, Diagnostics* diagnostics) {
  RawLog raw;
  if (value.is_null() || !LogFields().Parse(value, "train.log", diagnostics, &raw)) {
    return std::nullopt;
  }
  return LogSection{raw.path, raw.keep_batch, raw.rate};
}

// One entry of `data`: {KIND: ..., when: ...}.
std::shared_ptr<const SupplierSpec> ParseSupplier(const Value& value, const std::string& key,
                                                  Diagnostics* diagnostics) {
  if (!value.is_dict()) {
    ReportType(value, key, "a supplier, as in 'pickle: train.pkl'", diagnostics);
    return nullptr;
  }
  const Dict::Entry* supplier = nullptr;
  for (const auto& entry : value.as_dict()) {
    if (entry.first == Value("when")) continue;
    if (supplier != nullptr) {
      diagnostics->Error(entry.first.location(), key,
                         "one supplier in each entry of the list; begin another entry with '-'");
      return nullptr;
    }
    supplier = &entry;
  }
  const Value* when = value.Find("when");
  if (when != nullptr && (when->is_null() || *when == Value(false) || *when == Value(""))) {
    return nullptr;
  }
  if (supplier == nullptr || !supplier->first.is_string()) {
    ReportType(value, key, "a supplier, as in 'pickle: train.pkl'", diagnostics);
    return nullptr;
  }
  const std::string& name = supplier->first.as_string();
  return ParseKind<SupplierSpec>("supplier", name, supplier->first.location(), supplier->second,
                                 absl::StrCat(key, ".", name), diagnostics);
}

DataSet ParseDataSet(const std::string& name, const Value& value, const std::string& key,
                     Diagnostics* diagnostics) {
  DataSet set;
  set.name = name;
  if (!value.is_list()) {
    ReportType(value, key, "a list of suppliers", diagnostics);
    return set;
  }
  for (size_t i = 0; i < value.as_list().size(); ++i) {
    auto supplier = ParseSupplier(value.as_list()[i], absl::StrCat(key, "[", i, "]"), diagnostics);
    if (supplier != nullptr) set.suppliers.push_back(std::move(supplier));
  }
  return set;
}

DataSection ParseData(const std::string& section, const Value& owner, const Value& data,
                      const Value& provider, bool several, Diagnostics* diagnostics) {
  DataSection parsed;
  parsed.location = owner.location();
  const std::string key = section + ".data";
  if (data.is_null()) {
    diagnostics->Error(owner.location(), section,
                       "missing key 'data': where the samples come from");
  } else if (data.is_dict()) {
    for (const auto& [name, value] : data.as_dict()) {
      const std::string set = name.is_string() ? name.as_string() : ToJson(name);
      parsed.sets.push_back(ParseDataSet(set, value, absl::StrCat(key, ".", set), diagnostics));
    }
    if (!several && parsed.sets.size() != 1) {
      diagnostics->Error(data.location(), key, "this section takes one set of data");
    }
  } else {
    parsed.sets.push_back(ParseDataSet("default", data, key, diagnostics));
  }
  ParseProviderOptions(provider, section + ".provider", diagnostics, &parsed.provider);
  return parsed;
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
  return ParseKind<OptimizerSpec>("optimizer", name, place, arguments, key, diagnostics);
}

void WarnAboutHooks(const std::string& section, const Value& hooks, Diagnostics* diagnostics) {
  if (hooks.is_null() || (hooks.is_list() && hooks.as_list().empty())) return;
  diagnostics->Warning(hooks.location(), section + ".hooks", "hooks are not run by this version");
}

struct RawSection {
  Value data;
  Value provider;
  Value log;
  Value epochs;
  Value stop_when;
  Value weights;
  Value checkpoint;
  Value optimizer;
  Value hooks;
  Value destination;
};

Fields<RawSection> DataFields() {
  return Fields<RawSection>()
      .Optional("data", &RawSection::data, "list of suppliers: where the samples come from")
      .Optional("provider", &RawSection::provider, "how samples become batches")
      .Optional("weights", &RawSection::weights, "where weights are read and written")
      .Optional("hooks", &RawSection::hooks, "what to call with the results");
}

const Fields<RawSection>& TrainFields() {
  static const auto* const kFields = new Fields<RawSection>(
      DataFields()
          .Optional("log", &RawSection::log, "folder of the training log")
          .Optional("epochs", &RawSection::epochs, "epochs to train (older form of stop_when)")
          .Optional("stop_when", &RawSection::stop_when, "when to stop")
          .Optional("checkpoint", &RawSection::checkpoint, "when to write checkpoints")
          .Optional("optimizer", &RawSection::optimizer, "how weights are adjusted"));
  return *kFields;
}

const Fields<RawSection>& MeasureFields() {
  static const auto* const kFields = new Fields<RawSection>(DataFields());
  return *kFields;
}

const Fields<RawSection>& EvaluateFields() {
  static const auto* const kFields = new Fields<RawSection>(
      DataFields().Optional("destination", &RawSection::destination, "where results are written"));
  return *kFields;
}

TrainSection ParseTrain(const Value& value, bool validation_keeps_best, Diagnostics* diagnostics) {
  TrainSection train;
  RawSection raw;
  TrainFields().Parse(value, "train", diagnostics, &raw);
  train.data = ParseData("train", value, raw.data, raw.provider, /*several=*/false, diagnostics);
  train.stop = ParseStop(raw.epochs, raw.stop_when, diagnostics);
  train.checkpoint = ParseCheckpoint(raw.checkpoint, diagnostics);
  train.log = ParseLog(raw.log, diagnostics);
  train.optimizer = ParseOptimizer(raw.optimizer, value.location(), diagnostics);
  WarnAboutHooks("train", raw.hooks, diagnostics);
  RawWeights weights;
  if (!raw.weights.is_null() &&
      WeightsFields().Parse(raw.weights, "train.weights", diagnostics, &weights)) {
    train.weights = {weights.initial, weights.best, weights.last};
    if (train.weights.initial) train.weights.initial->must_exist = weights.must_exist;
    // A plain path is also where the best weights go, unless validation has a place for its own.
    if (raw.weights.is_string() && !validation_keeps_best) {
      train.weights.best = train.weights.initial;
    }
  }
  return train;
}

// The weights of a section that names one file, under `wanted` or as a plain path.
std::optional<FileReference> ParseOneWeights(const std::string& section, const Value& value,
                                             std::optional<FileReference> RawWeights::*wanted,
                                             Diagnostics* diagnostics) {
  RawWeights weights;
  if (value.is_null() ||
      !WeightsFields().Parse(value, section + ".weights", diagnostics, &weights)) {
    return std::nullopt;
  }
  std::optional<FileReference> file = value.is_string() ? weights.initial : weights.*wanted;
  return file;
}

std::optional<DestinationSection> ParseDestination(const Value& value, Diagnostics* diagnostics) {
  static const auto* const kFields = new Fields<DestinationSection>(
      Fields<DestinationSection>()
          .Required("path", &DestinationSection::path, "the file to write")
          .Choice("format", &DestinationSection::format, {"pkl", "pickle", "csv"}, "its format")
          .Shorthand("path"));
  DestinationSection destination;
  if (value.is_null() ||
      !kFields->Parse(value, "evaluate.destination", diagnostics, &destination)) {
    return std::nullopt;
  }
  return destination;
}

std::vector<std::shared_ptr<const LossSpec>> ParseLosses(const Value& value,
                                                         Diagnostics* diagnostics) {
  std::vector<std::shared_ptr<const LossSpec>> losses;
  if (value.is_null()) return losses;
  if (!value.is_list()) {
    ReportType(value, "loss", "a list of losses", diagnostics);
    return losses;
  }
  std::set<std::string> targets;
  for (size_t i = 0; i < value.as_list().size(); ++i) {
    const Value& entry = value.as_list()[i];
    const std::string key = absl::StrCat("loss[", i, "]");
    const Value* name = entry.Find("name");
    if (name == nullptr || !name->is_string()) {
      diagnostics->Error(entry.location(), key, "missing key 'name': which loss function");
      continue;
    }
    Dict rest = entry.as_dict();
    rest.Erase("name");
    auto loss = ParseKind<LossSpec>("loss", name->as_string(), name->location(),
                                    Value(std::move(rest)).At(entry.location()), key, diagnostics);
    if (loss == nullptr) continue;
    if (!targets.insert(loss->target).second) {
      diagnostics->Error(entry.location(), key,
                         absl::StrCat("a second loss for the output '", loss->target, "'"));
    }
    losses.push_back(std::move(loss));
  }
  return losses;
}

}  // namespace

Sections ParseSections(const Value& kurfile, Diagnostics* diagnostics) {
  Sections sections;
  const auto find = [&](const char* name) {
    const Value* value = kurfile.Find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  };
  if (const Value* value = find("validate")) {
    RawSection raw;
    MeasureFields().Parse(*value, "validate", diagnostics, &raw);
    sections.validate = ValidateSection{
        ParseData("validate", *value, raw.data, raw.provider, /*several=*/true, diagnostics),
        ParseOneWeights("validate", raw.weights, &RawWeights::best, diagnostics)};
    WarnAboutHooks("validate", raw.hooks, diagnostics);
  }
  if (const Value* value = find("train")) {
    const bool validation_keeps_best =
        sections.validate.has_value() && sections.validate->best.has_value();
    sections.train = ParseTrain(*value, validation_keeps_best, diagnostics);
  }
  if (const Value* value = find("test")) {
    RawSection raw;
    MeasureFields().Parse(*value, "test", diagnostics, &raw);
    sections.test = TestSection{
        ParseData("test", *value, raw.data, raw.provider, /*several=*/true, diagnostics),
        ParseOneWeights("test", raw.weights, &RawWeights::initial, diagnostics)};
    WarnAboutHooks("test", raw.hooks, diagnostics);
  }
  if (const Value* value = find("evaluate")) {
    RawSection raw;
    EvaluateFields().Parse(*value, "evaluate", diagnostics, &raw);
    sections.evaluate = EvaluateSection{
        ParseData("evaluate", *value, raw.data, raw.provider, /*several=*/false, diagnostics),
        ParseOneWeights("evaluate", raw.weights, &RawWeights::initial, diagnostics),
        ParseDestination(raw.destination, diagnostics)};
    WarnAboutHooks("evaluate", raw.hooks, diagnostics);
  }
  const Value* loss = kurfile.Find("loss");
  sections.losses = ParseLosses(loss == nullptr ? Value() : *loss, diagnostics);
  return sections;
}

}  // namespace kur
