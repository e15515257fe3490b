#include "engine/kurfile/reference/reference.h"

#include <memory>
#include <utility>

#include "engine/base/registry.h"
#include "engine/kurfile/plan/operator.h"
#include "engine/kurfile/schema/container_keys.h"
#include "engine/kurfile/sections.h"
#include "engine/kurfile/specs/augmentation_spec.h"
#include "engine/kurfile/specs/device_request.h"
#include "engine/kurfile/specs/hook_spec.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/kurfile/specs/loss_spec.h"
#include "engine/kurfile/specs/metric_spec.h"
#include "engine/kurfile/specs/optimizer_spec.h"
#include "engine/kurfile/specs/schedule_spec.h"
#include "engine/kurfile/specs/supplier_spec.h"
#include "engine/kurfile/specs/supplier_view.h"

namespace kur {
namespace {

template <class Kind>
CategoryInfo GatherCategory(std::string name, std::string title, std::string doc) {
  CategoryInfo category{std::move(name), std::move(title), std::move(doc), {}, {}};
  for (const std::string& kind_name : Registry<Kind>::Get().Names()) {
    const Kind& kind = *Registry<Kind>::Get().Find(kind_name);
    category.kinds.push_back({kind_name, kind.doc, kind.example, kind.keys});
  }
  return category;
}

FieldInfo Section(std::string name, std::string doc, std::string example) {
  FieldInfo section;
  section.name = std::move(name);
  section.doc = std::move(doc);
  section.example = std::move(example);
  section.type = "dictionary";
  section.schema = TypeSchema("object");
  return section;
}

FieldInfo KeyedSection(std::string name, std::string doc, std::string example, KeyTable keys) {
  FieldInfo section = Section(std::move(name), std::move(doc), std::move(example));
  section.keys = std::make_shared<const KeyTable>(std::move(keys));
  return section;
}

FieldInfo ListSection(std::string name, std::string doc, std::string example,
                      std::string category) {
  FieldInfo section = Section(std::move(name), std::move(doc), std::move(example));
  section.type = "list";
  section.category = std::move(category);
  section.schema = TypeSchema("array");
  return section;
}

std::vector<FieldInfo> GatherSections() {
  std::vector<FieldInfo> sections;
  sections.push_back(Section("include",
                             "other Kurfiles whose sections are merged into this one: a path with "
                             "* and **, {source, method: blend|merge|concat}, or a list of these",
                             "defaults.yml"));
  sections.back().type = "path, dictionary or list";
  sections.back().schema = Value(Dict());
  sections.push_back(KeyedSection("settings",
                                  "values of your own, which every later section can use as "
                                  "{{ name }}, and a few that kurd reads",
                                  "{depth: 3, seed: 7}", SettingsKeys()));
  sections.push_back(Section("templates",
                             "containers of your own: lists of layers that stand for their name in "
                             "the model; arguments are in scope by name and as `args`",
                             "{block: [{dense: \"{{ size }}\"}, {activation: relu}]}"));
  sections.push_back(ListSection("model", "the layers and operators, in order",
                                 "[{input: images}, {flatten: }, {dense: 10}]", "layer"));
  sections.back().required = true;
  sections.push_back(ListSection("loss", "what training makes small: one loss for each output",
                                 "[{target: labels, name: categorical_crossentropy}]", "loss"));
  sections.push_back(KeyedSection("train", "how to train; also written `training`",
                                  "{data: [{pickle: train.pkl}], stop_when: {epochs: 3}}",
                                  TrainKeys()));
  sections.push_back(KeyedSection("validate",
                                  "what to measure after epochs and checkpoints; also written "
                                  "`validation`",
                                  "{data: [{pickle: held-out.pkl}], weights: best.kur}",
                                  ValidateAndTestKeys()));
  sections.push_back(KeyedSection("test", "what the mode `test` measures; also written `testing`",
                                  "{data: [{pickle: test.pkl}], weights: best.kur}",
                                  ValidateAndTestKeys()));
  sections.push_back(KeyedSection(
      "evaluate", "what the mode `evaluate` computes; also written `evaluation`",
      "{data: [{pickle: new.pkl}], weights: best.kur, destination: results.pkl}", EvaluateKeys()));
  return sections;
}

}  // namespace

const CategoryInfo* Reference::FindCategory(const std::string& name) const {
  for (const CategoryInfo& category : categories) {
    if (category.name == name) return &category;
  }
  return nullptr;
}

const Reference& KurfileReference() {
  static const auto* const kReference = [] {
    auto* reference = new Reference;
    reference->sections = GatherSections();
    reference->container_keys = ContainerFields().Describe();
    reference->categories = {
        GatherCategory<LayerKind>(
            "layer", "Layers",
            "What a model is made of; entries of `model`. Shapes are those of one "
            "sample: images are (height, width, channels), sequences (time, "
            "features)."),
        GatherCategory<OperatorKind>("operator", "Operators",
                                     "Entries of `model` that make layers, or look at the model."),
        GatherCategory<LossKind>("loss", "Losses", "Entries of `loss`, by their `name`."),
        GatherCategory<MetricKind>(
            "metric", "Metrics",
            "Entries of `metrics` under `validate` and `test`: what is reported "
            "beside the loss, over the whole set."),
        GatherCategory<OptimizerKind>("optimizer", "Optimizers",
                                      "`train.optimizer`, by its `name`."),
        GatherCategory<ScheduleKind>("schedule", "Schedules",
                                     "`train.schedule`, by its `name`: the course of the learning "
                                     "rate, in shares of the optimizer's `learning_rate`."),
        GatherCategory<SupplierKind>("supplier", "Suppliers",
                                     "Entries of `data`: where samples come from."),
        GatherCategory<AugmentationKind>(
            "augmentation", "Augmentations",
            "Entries of `train.augment`: how samples are changed by chance when a model is trained "
            "on them, never when it is measured. What happens to a sample depends on the seed, the "
            "epoch and the sample alone."),
        GatherCategory<HookKind>(
            "hook", "Hooks",
            "Entries of `hooks`: under `train` they hear how training goes, under "
            "`evaluate` they get all results, under `validate` and `test` those of "
            "the first batch."),
    };
    for (CategoryInfo& category : reference->categories) {
      if (category.name == "supplier") category.sibling_keys = SupplierEntryKeys();
    }
    return reference;
  }();
  return *kReference;
}

}  // namespace kur
