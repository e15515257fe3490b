#include "engine/kurfile/sections.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/schema/kind.h"
#include "engine/kurfile/schema/list_entry.h"
#include "engine/kurfile/specs/supplier_view.h"
#include "engine/kurfile/training_keys.h"

namespace kur {

namespace {

struct RawWeights {
  std::optional<FileReference> initial;
  bool must_exist = false;
  std::optional<FileReference> best;
  std::optional<FileReference> last;
  bool relearn = false;
  Value checkpoint;
};

const Fields<RawWeights>& WeightsFields() {
  static const auto* const kFields =
      new Fields<RawWeights>(Fields<RawWeights>()
                                 .Optional("initial", &RawWeights::initial, "weights to begin with")
                                 .Example("last.kur")
                                 .Optional("must_exist", &RawWeights::must_exist,
                                           "fail if the initial weights are missing")
                                 .Optional("best", &RawWeights::best, "written at the lowest loss")
                                 .Example("best.kur")
                                 .Optional("last", &RawWeights::last, "written at the end")
                                 .Example("last.kur")
                                 .Shorthand("initial"));
  return *kFields;
}

const Fields<RawWeights>& TrainWeightsFields() {
  static const auto* const kFields = new Fields<RawWeights>(
      Fields<RawWeights>(WeightsFields())
          .Optional("relearn", &RawWeights::relearn,
                    "takes classes, vocabularies and statistics from the training data, not from "
                    "the initial weights, which know others")
          .Optional("checkpoint", &RawWeights::checkpoint, "the older place of train.checkpoint")
          .Example("{path: checkpoint, minutes: 10}")
          .Keys(CheckpointKeys()));
  return *kFields;
}

// Parses one entry of `data`: {KIND: ..., name: ..., when: ..., columns: ..., split: ...}.
std::shared_ptr<const SupplierSpec> ParseSupplier(const std::string& section, const Value& value,
                                                  const std::string& key,
                                                  Diagnostics* diagnostics) {
  const auto entry = ParseListEntry(value, key,
                                    {"supplier", "a supplier, as in 'pickle: train.pkl'",
                                     /*has_name=*/true, SupplierViewKeys()},
                                    diagnostics);
  if (!entry) return nullptr;
  auto supplier =
      ParseKind<SupplierSpec>("supplier", entry->kind, entry->location, entry->arguments,
                              entry->key, diagnostics, entry->known_sibling_keys);
  if (supplier == nullptr) return nullptr;
  return ParseSupplierView(std::move(supplier), entry->sibling_keys, entry->entry_key, section,
                           diagnostics);
}

DataSet ParseDataSet(const std::string& section, const std::string& name, const Value& value,
                     const std::string& key, Diagnostics* diagnostics) {
  DataSet set;
  set.name = name;
  if (!value.is_list()) {
    ReportType(value, key, "a list of suppliers", diagnostics);
    return set;
  }
  for (size_t i = 0; i < value.as_list().size(); ++i) {
    auto supplier =
        ParseSupplier(section, value.as_list()[i], absl::StrCat(key, "[", i, "]"), diagnostics);
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
      parsed.sets.push_back(
          ParseDataSet(section, set, value, absl::StrCat(key, ".", set), diagnostics));
    }
    if (!several && parsed.sets.size() != 1) {
      diagnostics->Error(data.location(), key, "this section takes one set of data");
    }
  } else {
    parsed.sets.push_back(ParseDataSet(section, "default", data, key, diagnostics));
  }
  ParseProviderOptions(provider, section + ".provider", diagnostics, &parsed.provider);
  return parsed;
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
  Value metrics;
  Value destination;
};

struct RawTrain : RawSection, TrainingOptions {
  Value augment;
};

template <class Raw>
Fields<Raw> DataFields(const Fields<RawWeights>& weights) {
  return Fields<Raw>()
      .Optional("data", &RawSection::data, "list of suppliers: where the samples come from")
      .Example("[{pickle: train.pkl}]")
      .Kinds("supplier")
      .Optional("provider", &RawSection::provider, "how samples become batches")
      .Example("{batch_size: 64}")
      .Keys(ProviderOptionFields().Describe())
      .Optional("weights", &RawSection::weights, "where weights are read and written")
      .Example("best.kur")
      .Keys(weights.Describe())
      .Optional("hooks", &RawSection::hooks, "what to do with the results, in order")
      .Example("[mnist]")
      .Kinds("hook");
}

const Fields<RawTrain>& TrainFields() {
  static const auto* const kFields = new Fields<RawTrain>(WithTrainingOptions(
      DataFields<RawTrain>(TrainWeightsFields())
          .Optional("log", &RawSection::log, "folder of the training log")
          .Example("log")
          .Keys(LogKeys())
          .Optional("epochs", &RawSection::epochs, "epochs to train (older form of stop_when)")
          .Example("10")
          .Keys(EpochsKeys())
          .Optional("stop_when", &RawSection::stop_when, "when to stop")
          .Example("{epochs: 10}")
          .Keys(StopWhenKeys())
          .Optional("checkpoint", &RawSection::checkpoint, "when to write checkpoints")
          .Example("{path: checkpoint, minutes: 10}")
          .Keys(CheckpointKeys())
          .Optional("optimizer", &RawSection::optimizer,
                    "how weights are adjusted: a name, or a dictionary with 'name'")
          .Example("{name: adam, learning_rate: 0.001}")
          .Kinds("optimizer")
          .Optional("augment", &RawTrain::augment,
                    "how samples are changed by chance, in order, each time that the model is "
                    "trained on them")
          .Example("[{crop: {padding: 4}}, flip]")
          .Kinds("augmentation")));
  return *kFields;
}

const Fields<RawSection>& ValidateAndTestFields() {
  static const auto* const kFields = new Fields<RawSection>(
      DataFields<RawSection>(WeightsFields())
          .Optional("metrics", &RawSection::metrics,
                    "what is reported beside the loss: names, or {name: {options}}; if absent, "
                    "what is usual for each output")
          .Example("[accuracy, {top_k: {k: 3}}]")
          .Kinds("metric"));
  return *kFields;
}

const Fields<DestinationSection>& DestinationFields() {
  static const auto* const kFields = new Fields<DestinationSection>(
      Fields<DestinationSection>()
          .Required("path", &DestinationSection::path, "the file to write")
          .Example("results.pkl")
          .Choice("format", &DestinationSection::format,
                  {"auto", "pkl", "pickle", "csv", "jsonl", "npz"},
                  "its format; auto: csv, jsonl or npz if the path ends so, else pkl")
          .Optional("keep", &DestinationSection::keep,
                    "columns of a csv or jsonl, or numbers of an array, to write beside the "
                    "results, exactly as they are there; "
                    "they need not be among columns")
          .Example("[PassengerId, Name]")
          .Shorthand("path"));
  return *kFields;
}

const Fields<RawSection>& EvaluateFields() {
  static const auto* const kFields = new Fields<RawSection>(
      DataFields<RawSection>(WeightsFields())
          .Optional("destination", &RawSection::destination, "where results are written")
          .Example("results.pkl")
          .Keys(DestinationFields().Describe()));
  return *kFields;
}

// Parses `checkpoint`, which replaces the older key under `weights`.
std::optional<CheckpointSection> ParseCheckpoints(const Value& value, const Value& older,
                                                  Diagnostics* diagnostics) {
  const std::string older_key = "train.weights.checkpoint";
  if (older.is_null()) return ParseCheckpoint(value, "train.checkpoint", diagnostics);
  if (value.is_null()) {
    diagnostics->Warning(older.location(), older_key, "is now called train.checkpoint; move it");
    return ParseCheckpoint(older, older_key, diagnostics);
  }
  diagnostics->Warning(older.location(), older_key,
                       "is not used, as there is train.checkpoint, which has replaced it");
  return ParseCheckpoint(value, "train.checkpoint", diagnostics);
}

TrainSection ParseTrain(const Value& value, bool validates, bool validation_keeps_best,
                        Diagnostics* diagnostics) {
  TrainSection train;
  RawTrain raw;
  TrainFields().Parse(value, "train", diagnostics, &raw);
  train.data = ParseData("train", value, raw.data, raw.provider, /*several=*/false, diagnostics);
  train.stop = ParseStop(raw.epochs, raw.stop_when, diagnostics);
  train.log = ParseLog(raw.log, diagnostics);
  train.optimizer = ParseOptimizer(raw.optimizer, value.location(), diagnostics);
  train.options = raw;
  CheckTrainingOptions(train.options, {validates, train.stop.epochs.has_value()}, value,
                       diagnostics);
  train.augmentations = ParseAugmentations(raw.augment, diagnostics);
  train.hooks = ParseHooks("train", raw.hooks, diagnostics);
  RawWeights weights;
  if (!raw.weights.is_null() &&
      TrainWeightsFields().Parse(raw.weights, "train.weights", diagnostics, &weights)) {
    train.weights = {weights.initial, weights.best, weights.last, weights.relearn};
    if (train.weights.initial) train.weights.initial->must_exist = weights.must_exist;
    // A plain path also receives the best weights, unless validation names a file for them.
    if (raw.weights.is_string() && !validation_keeps_best) {
      train.weights.best = train.weights.initial;
    }
  }
  train.checkpoint = ParseCheckpoints(raw.checkpoint, weights.checkpoint, diagnostics);
  return train;
}

// Parses the weights of a section that names one file, under the key `wanted` or as a plain path.
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
  DestinationSection destination;
  if (value.is_null() ||
      !DestinationFields().Parse(value, "evaluate.destination", diagnostics, &destination)) {
    return std::nullopt;
  }
  destination.location = value.location();
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
    auto loss =
        ParseKind<LossSpec>("loss", absl::AsciiStrToLower(name->as_string()), name->location(),
                            Value(std::move(rest)).At(entry.location()), key, diagnostics);
    if (loss == nullptr) continue;
    const auto first = std::find_if(losses.begin(), losses.end(), [&](const auto& other) {
      return other->target == loss->target;
    });
    if (first == losses.end()) {
      losses.push_back(std::move(loss));
      continue;
    }
    diagnostics->Warning(
        entry.location(), key,
        absl::StrCat("a second loss for the output '", loss->target, "': it replaces the one at ",
                     (*first)->location.ToString(), "; remove one of them"));
    *first = std::move(loss);
  }
  return losses;
}

}  // namespace

KeyTable TrainKeys() { return TrainFields().Describe(); }

KeyTable ValidateAndTestKeys() { return ValidateAndTestFields().Describe(); }

KeyTable EvaluateKeys() { return EvaluateFields().Describe(); }

Sections ParseSections(const Value& kurfile, Diagnostics* diagnostics) {
  Sections sections;
  const auto find = [&](const char* name) {
    const Value* value = kurfile.Find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  };
  if (const Value* value = find("validate")) {
    RawSection raw;
    ValidateAndTestFields().Parse(*value, "validate", diagnostics, &raw);
    sections.validate = ValidateSection{
        ParseData("validate", *value, raw.data, raw.provider, /*several=*/true, diagnostics),
        ParseOneWeights("validate", raw.weights, &RawWeights::best, diagnostics),
        ParseMetrics(raw.metrics, "validate.metrics", diagnostics),
        ParseHooks("validate", raw.hooks, diagnostics)};
  }
  if (const Value* value = find("train")) {
    const bool validation_keeps_best =
        sections.validate.has_value() && sections.validate->best.has_value();
    sections.train =
        ParseTrain(*value, sections.validate.has_value(), validation_keeps_best, diagnostics);
  }
  if (const Value* value = find("test")) {
    RawSection raw;
    ValidateAndTestFields().Parse(*value, "test", diagnostics, &raw);
    sections.test = TestSection{
        ParseData("test", *value, raw.data, raw.provider, /*several=*/true, diagnostics),
        ParseOneWeights("test", raw.weights, &RawWeights::initial, diagnostics),
        ParseMetrics(raw.metrics, "test.metrics", diagnostics),
        ParseHooks("test", raw.hooks, diagnostics)};
  }
  if (const Value* value = find("evaluate")) {
    RawSection raw;
    EvaluateFields().Parse(*value, "evaluate", diagnostics, &raw);
    sections.evaluate = EvaluateSection{
        ParseData("evaluate", *value, raw.data, raw.provider, /*several=*/false, diagnostics),
        ParseOneWeights("evaluate", raw.weights, &RawWeights::initial, diagnostics),
        ParseDestination(raw.destination, diagnostics),
        ParseHooks("evaluate", raw.hooks, diagnostics)};
  }
  const Value* loss = kurfile.Find("loss");
  sections.losses = ParseLosses(loss == nullptr ? Value() : *loss, diagnostics);
  return sections;
}

}  // namespace kur
