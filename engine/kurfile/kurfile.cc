#include "engine/kurfile/kurfile.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"
#include "engine/kurfile/lint.h"
#include "engine/kurfile/path_conflicts.h"
#include "engine/kurfile/plan/model_expander.h"
#include "engine/kurfile/plan/optimizer_layers.h"
#include "engine/kurfile/section_evaluator.h"
#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/yaml/loader.h"
#include "engine/kurfile/yaml/template_files.h"
#include "engine/kurfile/yaml/yaml.h"
#include "engine/template/template.h"

namespace kur {
namespace {

// Returns the sections under their canonical names, and reports unknown sections.
Dict CanonicalSections(const Value& raw, Diagnostics* diagnostics) {
  Dict sections;
  for (const auto& [key, value] : raw.as_dict()) {
    const std::string name = key.is_string() ? key.as_string() : ToJson(key);
    std::string canonical;
    std::vector<std::string> known;
    for (const SectionName& section : SectionNames()) {
      const bool is_alias = *section.alias != '\0' && name == section.alias;
      if (name == section.canonical || is_alias) canonical = section.canonical;
      known.emplace_back(section.canonical);
    }
    known.emplace_back("include");
    if (canonical.empty()) {
      diagnostics->Error(key.location(), "",
                         absl::StrCat("unknown section '", name, "'", DidYouMean(name, known)));
    } else if (sections.Contains(canonical)) {
      diagnostics->Error(key.location(), "",
                         absl::StrCat("the section '", canonical, "' is there twice"));
    } else {
      sections.Set(Value(canonical).At(key.location()), value);
    }
  }
  return sections;
}

std::optional<uint64_t> ParseSeed(const Value& settings, Diagnostics* diagnostics) {
  const Value* seed = settings.Find("seed");
  if (seed == nullptr || seed->is_null()) return std::nullopt;
  int64_t value = 0;
  if (!FieldTraits<int64_t>::Parse(*seed, "settings.seed", diagnostics, &value)) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(value);
}

// Reports texts that are not UTF-8: templates can build them from bytes.
void CheckText(const Value& value, const std::string& path, Diagnostics* diagnostics) {
  if (value.is_string() && !IsUtf8(value.as_string())) {
    diagnostics->Error(value.location(), path, "the template gives a text that is no UTF-8");
  }
  if (value.is_list()) {
    for (size_t i = 0; i < value.as_list().size(); ++i) {
      CheckText(value.as_list()[i], absl::StrCat(path, "[", i, "]"), diagnostics);
    }
  }
  if (value.is_dict()) {
    for (const auto& [key, element] : value.as_dict()) {
      const std::string name = key.is_string() ? key.as_string() : ToJson(key);
      CheckText(element, path.empty() ? name : absl::StrCat(path, ".", name), diagnostics);
    }
  }
}

// Adds the shapes of the sources of a section that are known without opening anything.
void AddKnownShapes(const DataSection& data, std::map<std::string, Shape>* shapes) {
  for (const DataSet& set : data.sets) {
    for (const auto& supplier : set.suppliers) {
      for (const auto& [name, shape] : supplier->KnownShapes()) shapes->emplace(name, shape);
    }
  }
}

std::map<std::string, Shape> KnownShapes(const Sections& sections) {
  std::map<std::string, Shape> shapes;
  if (sections.train) AddKnownShapes(sections.train->data, &shapes);
  if (sections.test) AddKnownShapes(sections.test->data, &shapes);
  if (sections.evaluate) AddKnownShapes(sections.evaluate->data, &shapes);
  return shapes;
}

// Returns a hint that lists the outputs which a loss could have meant.
std::string KnownOutputs(const std::vector<std::string>& outputs) {
  constexpr size_t kMaxShown = 12;
  std::vector<std::string> named;
  for (const std::string& output : outputs) {
    if (!absl::StartsWith(output, "..")) named.push_back(output);
  }
  if (named.empty()) return "; give the layer that is meant a 'name'";
  const size_t more = named.size() - std::min(named.size(), kMaxShown);
  named.resize(named.size() - more);
  return absl::StrCat("; its outputs are: ", absl::StrJoin(named, ", "),
                      more > 0 ? absl::StrCat(" and ", more, " more") : "");
}

// Returns the names of a layer and of all that it depends on.
std::vector<std::string> LayersBefore(const ModelPlan& plan, const std::string& name) {
  std::vector<std::string> names;
  std::vector<bool> is_needed(plan.layers.size(), false);
  for (size_t i = plan.layers.size(); i-- > 0;) {
    const PlannedLayer& layer = plan.layers[i];
    is_needed[i] = is_needed[i] || layer.name == name;
    if (!is_needed[i]) continue;
    names.push_back(layer.name);
    for (const int from : layer.inputs) is_needed[static_cast<size_t>(from)] = true;
  }
  return names;
}

// Reports a loss that cannot apply to its output, whatever the data are.
void CheckLossOutput(const LossSpec& loss, const ModelPlan& plan, Diagnostics* diagnostics) {
  const PlannedLayer& output = *plan.Find(loss.target);
  const auto truth = output.shape_known ? loss.Truth(output.shape) : std::vector<TruthSource>();
  if (!truth.ok()) {
    diagnostics->Error(loss.location, loss.key, std::string(truth.status().message()));
  }
  const auto [scaled_from, key] = loss.ScaledFrom();
  if (scaled_from.empty()) return;
  const std::vector<std::string> before = LayersBefore(plan, loss.target);
  if (std::count(before.begin(), before.end(), scaled_from) > 0) return;
  const bool is_layer = plan.Find(scaled_from) != nullptr;
  // The layer may be one of those that could not be read.
  if (!is_layer && !plan.complete) return;
  diagnostics->Error(
      loss.location, absl::StrCat(loss.key, ".", key),
      is_layer ? absl::StrCat("the output '", loss.target, "' does not depend on the layer '",
                              scaled_from, "', so that its lengths say nothing of the output's")
               : absl::StrCat("the model has no layer '", scaled_from, "'",
                              DidYouMean(scaled_from, before)));
}

void CheckLossTargets(const Sections& sections, const ModelPlan& plan, Diagnostics* diagnostics) {
  std::vector<std::string> outputs;
  for (const int output : plan.outputs) {
    outputs.push_back(plan.layers[static_cast<size_t>(output)].name);
  }
  for (const auto& loss : sections.losses) {
    if (std::count(outputs.begin(), outputs.end(), loss->target) > 0) {
      CheckLossOutput(*loss, plan, diagnostics);
      continue;
    }
    const bool is_layer = plan.Find(loss->target) != nullptr;
    // The layer may be one of those that could not be read.
    if (!is_layer && !plan.complete) continue;
    diagnostics->Error(loss->location, loss->key + ".target",
                       is_layer ? absl::StrCat("the layer '", loss->target,
                                               "' is no output of the model; give it 'sink: yes'")
                                : absl::StrCat("the model has no output '", loss->target, "'",
                                               KnownOutputs(outputs)));
  }
}

// Reports metrics that support no output.
void CheckMetricList(const MetricList& metrics, const Sections& sections, const ModelPlan& plan,
                     Diagnostics* diagnostics) {
  for (const ChosenMetric& chosen : ChooseMetrics(metrics, sections.losses, diagnostics)) {
    const LossSpec& loss = *sections.losses[chosen.loss];
    const PlannedLayer* output = plan.Find(loss.target);
    if (output == nullptr || !output->shape_known) continue;
    const absl::Status supported = chosen.spec->CheckOutput(loss.task(), output->shape);
    if (supported.ok()) continue;
    diagnostics->Error(chosen.spec->location, chosen.spec->key, std::string(supported.message()));
  }
}

void CheckMetrics(const Sections& sections, const ModelPlan& plan, Diagnostics* diagnostics) {
  if (sections.validate) {
    CheckMetricList(sections.validate->metrics, sections, plan, diagnostics);
  }
  if (sections.test) CheckMetricList(sections.test->metrics, sections, plan, diagnostics);
}

void AppendDataFiles(const DataSection& data, std::vector<FileReference>* files) {
  for (const DataSet& set : data.sets) {
    for (const auto& supplier : set.suppliers) {
      const auto more = supplier->Files();
      files->insert(files->end(), more.begin(), more.end());
    }
  }
}

// Appends each file once: suppliers may share a file.
void AppendDataOutputs(const DataSection& data, std::vector<FileReference>* files) {
  for (const DataSet& set : data.sets) {
    for (const auto& supplier : set.suppliers) {
      for (const FileReference& file : supplier->Outputs()) {
        const bool known =
            std::any_of(files->begin(), files->end(),
                        [&](const FileReference& other) { return other.path == file.path; });
        if (!known) files->push_back(file);
      }
    }
  }
}

void AppendRunnable(const HookSpecs& hooks, HookSpecs* all) {
  for (const auto& hook : hooks) {
    if (hook->IsRunnable()) all->push_back(hook);
  }
}

void AppendIfGiven(const std::optional<FileReference>& file, std::vector<FileReference>* files) {
  if (file) files->push_back(*file);
}

}  // namespace

absl::StatusOr<Value> Kurfile::LoadRaw(const std::string& path, const KurfileOptions& options,
                                       std::vector<std::string>* files) {
  Loader loader(options.display_root, *options.sources);
  KUR_ASSIGN_OR_RETURN(Value raw, loader.Load(path));
  for (const std::string& change : options.overrides) {
    KUR_ASSIGN_OR_RETURN(raw, ApplyOverride(raw, change));
  }
  if (files != nullptr) *files = loader.files();
  return raw;
}

absl::StatusOr<Kurfile> Kurfile::Load(const std::string& path, const KurfileOptions& options,
                                      Value* evaluated) {
  Kurfile kurfile;
  KUR_ASSIGN_OR_RETURN(const Value raw, LoadRaw(path, options, &kurfile.files_));
  Diagnostics diagnostics;
  TemplateFiles loaded(*options.sources, DirectoryOf(path));
  TemplateHost host;
  host.gpu_count = [&options] { return int64_t{options.gpu_count}; };
  host.load_json =
      host.load_yaml = [&loaded](const std::string& file) { return loaded.Load(file); };
  const TemplateEngine engine(std::move(host));
  kurfile.Evaluate(raw, BaseName(path), engine, &diagnostics);
  if (evaluated != nullptr) *evaluated = kurfile.evaluated_;
  CheckText(kurfile.evaluated_, "", &diagnostics);
  const Value* settings = kurfile.evaluated_.Find("settings");
  if (settings != nullptr) {
    kurfile.devices_ = ParseDevices(*settings, &diagnostics);
    kurfile.seed_ = ParseSeed(*settings, &diagnostics);
  }
  kurfile.sections_ = ParseSections(kurfile.evaluated_, &diagnostics);
  if (!kurfile.plan_.layers.empty()) kurfile.CheckModel(&diagnostics);
  kurfile.files_.insert(kurfile.files_.end(), loaded.files().begin(), loaded.files().end());
  if (!diagnostics.has_errors()) kurfile.CheckPaths(&diagnostics);
  WarnAboutLiteralSecrets(raw, &diagnostics);
  diagnostics.Sort();
  KUR_RETURN_IF_ERROR(diagnostics.ToStatus());
  kurfile.warnings_ = diagnostics.all();
  return kurfile;
}

void Kurfile::Evaluate(const Value& raw, const std::string& filename, const TemplateEngine& engine,
                       Diagnostics* diagnostics) {
  const Dict sections = CanonicalSections(raw, diagnostics);
  SectionEvaluator evaluator(engine, raw.as_dict(), sections, diagnostics);
  evaluator.EvaluateSections(filename);
  const int errors = diagnostics->num_errors();
  Dict model_names;
  if (const Value* model = sections.Find("model")) {
    const Value* templates = sections.Find("templates");
    plan_ = ExpandModel(*model, templates == nullptr ? Value() : *templates, engine,
                        evaluator.scope(), diagnostics, &model_names);
  } else {
    diagnostics->Error(raw.location(), "", "missing section 'model': the list of layers");
  }
  evaluator.EvaluateLoss(model_names, diagnostics->num_errors() > errors);
  evaluated_ = Value(evaluator.result()).At(raw.location());
}

void Kurfile::CheckModel(Diagnostics* diagnostics) {
  const auto sources = KnownShapes(sections_);
  InferShapes(sources, &plan_, diagnostics);
  CheckLossTargets(sections_, plan_, diagnostics);
  CheckMetrics(sections_, plan_, diagnostics);
  if (sections_.train && sections_.train->optimizer != nullptr) {
    CheckLayerOverrides(*sections_.train->optimizer, plan_, diagnostics);
  }
  if (!diagnostics->has_errors()) WarnAboutMistakes(sections_, plan_, sources, diagnostics);
}

std::vector<Kurfile::NamedData> Kurfile::DataSections() const {
  std::vector<NamedData> data;
  if (sections_.train) data.push_back({"train", &sections_.train->data});
  if (sections_.validate) data.push_back({"validate", &sections_.validate->data});
  if (sections_.test) data.push_back({"test", &sections_.test->data});
  if (sections_.evaluate) data.push_back({"evaluate", &sections_.evaluate->data});
  return data;
}

std::vector<FileReference> Kurfile::Inputs(Mode mode, const std::string& section) const {
  std::vector<FileReference> files;
  for (const DataSection* data : DataSectionsFor(mode, section)) AppendDataFiles(*data, &files);
  if (!section.empty()) return files;
  if (mode == Mode::kTrain && sections_.train) {
    AppendIfGiven(sections_.train->weights.initial, &files);
  }
  if (mode == Mode::kTest && sections_.test) AppendIfGiven(sections_.test->weights, &files);
  if (mode == Mode::kEvaluate && sections_.evaluate) {
    AppendIfGiven(sections_.evaluate->weights, &files);
  }
  return files;
}

std::vector<const Package*> Kurfile::Packages(Mode mode, const std::string& section) const {
  std::vector<const Package*> packages;
  for (const DataSection* data : DataSectionsFor(mode, section)) {
    for (const DataSet& set : data->sets) {
      for (const auto& supplier : set.suppliers) {
        const auto more = supplier->Packages();
        packages.insert(packages.end(), more.begin(), more.end());
      }
    }
  }
  return packages;
}

std::vector<FileReference> Kurfile::Outputs(Mode mode) const {
  std::vector<FileReference> files;
  if (mode == Mode::kTrain && sections_.train) {
    const TrainSection& train = *sections_.train;
    for (const DataSection* data : DataSectionsFor(mode)) AppendDataOutputs(*data, &files);
    AppendIfGiven(train.weights.best, &files);
    AppendIfGiven(train.weights.last, &files);
    if (train.checkpoint) files.push_back(train.checkpoint->path);
    if (train.log) files.push_back(train.log->path);
    if (sections_.validate) AppendIfGiven(sections_.validate->best, &files);
  }
  for (const auto& hook : HooksFor(mode)) {
    const auto more = hook->Files();
    files.insert(files.end(), more.begin(), more.end());
  }
  if (mode == Mode::kEvaluate && sections_.evaluate) {
    const auto& destination = sections_.evaluate->destination;
    if (destination) files.push_back(destination->path);
  }
  return files;
}

HookSpecs Kurfile::HooksFor(Mode mode) const {
  HookSpecs hooks;
  if (mode == Mode::kTrain && sections_.train) {
    AppendRunnable(sections_.train->hooks, &hooks);
    if (sections_.validate) AppendRunnable(sections_.validate->hooks, &hooks);
  }
  if (mode == Mode::kTest && sections_.test) AppendRunnable(sections_.test->hooks, &hooks);
  if (mode == Mode::kEvaluate && sections_.evaluate) {
    AppendRunnable(sections_.evaluate->hooks, &hooks);
  }
  return hooks;
}

std::vector<SecretUse> Kurfile::Secrets(Mode mode, const std::string& section) const {
  std::vector<SecretUse> uses;
  for (const Package* package : Packages(mode, section)) {
    const auto more = package->Secrets();
    uses.insert(uses.end(), more.begin(), more.end());
  }
  for (const auto& hook : HooksFor(mode)) {
    const auto more = hook->Secrets();
    uses.insert(uses.end(), more.begin(), more.end());
  }
  return uses;
}

void Kurfile::CheckPaths(Diagnostics* diagnostics) const {
  for (const Mode mode : {Mode::kTrain, Mode::kTest, Mode::kEvaluate}) {
    JobPaths paths;
    paths.trains = mode == Mode::kTrain;
    for (const FileReference& file : Inputs(mode)) {
      // Weights, and files that a supplier either reads or writes.
      const bool handed_on = !absl::StrContains(file.key, ".data") || !file.must_exist;
      (handed_on ? paths.weights : paths.data).push_back(file);
    }
    paths.outputs = Outputs(mode);
    CheckPathConflicts(paths, diagnostics);
  }
}

std::vector<const DataSection*> Kurfile::DataSectionsFor(Mode mode, const std::string& only) const {
  std::vector<const DataSection*> chosen;
  for (const auto& [section, data] : DataSections()) {
    const bool validates = mode == Mode::kTrain && section == "validate";
    const bool is_of_mode = mode == Mode::kInspect || section == ToString(mode) || validates;
    if (only.empty() ? is_of_mode : section == only) chosen.push_back(data);
  }
  return chosen;
}

namespace {

absl::Status CheckTrainable(const Sections& sections, const ModelPlan& plan) {
  std::vector<std::string> targets;
  for (const auto& loss : sections.losses) targets.push_back(loss->target);
  if (plan.CanTrain(targets)) return absl::OkStatus();
  return ErrorAt(
      sections.train->data.location, "train",
      absl::StrCat("there is nothing to train: no layer that '", absl::StrJoin(targets, "', '"),
                   "' depends on has weights that are not frozen; take 'freeze' away "
                   "from one of them, or use the mode test or evaluate"));
}

}  // namespace

absl::Status Kurfile::CheckMode(Mode mode) const {
  if (mode == Mode::kInspect) {
    if (!DataSections().empty()) return absl::OkStatus();
    return ErrorAt(evaluated_.location(), "",
                   "no section has data: there is no 'train', 'validate', 'test' or 'evaluate'");
  }
  const bool present = (mode == Mode::kTrain && sections_.train) ||
                       (mode == Mode::kTest && sections_.test) ||
                       (mode == Mode::kEvaluate && sections_.evaluate);
  if (!present) {
    return ErrorAt(evaluated_.location(), "",
                   absl::StrCat("missing section '", ToString(mode), "', which this mode needs"));
  }
  if (mode != Mode::kEvaluate && sections_.losses.empty()) {
    return ErrorAt(
        evaluated_.location(), "",
        absl::StrCat("missing section 'loss', which the mode ", ToString(mode), " needs"));
  }
  if (mode == Mode::kTrain) return CheckTrainable(sections_, plan_);
  return absl::OkStatus();
}

}  // namespace kur
