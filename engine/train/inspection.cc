#include "engine/train/inspection.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/train/evaluation.h"
#include "engine/train/objective.h"
#include "engine/train/open_set.h"
#include "engine/train/stopwatch.h"
#include "engine/train/weight_files.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// More than these are counted, not listed.
constexpr size_t kListed = 8;

std::string NameOf(const std::string& section, const std::string& set) {
  return set.empty() ? section : absl::StrCat(section, " ", set);
}

template <class Items>
std::string Listed(const Items& items) {
  const auto end = items.begin() + static_cast<int64_t>(std::min(items.size(), kListed));
  const std::string more =
      items.size() > kListed ? absl::StrCat(" and ", items.size() - kListed, " more") : "";
  return absl::StrCat(absl::StrJoin(items.begin(), end, ", "), more);
}

// "1 value", "3 values".
std::string Counted(int64_t count, const std::string& noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

void AddFailure(const absl::Status& failure, DataReport* report) {
  const std::vector<Diagnostic> diagnostics = DiagnosticsOf(failure);
  for (const Diagnostic& diagnostic : diagnostics) {
    report->findings.push_back({LogLevel::kError, diagnostic.ToString()});
  }
  if (diagnostics.empty()) {
    report->findings.push_back({LogLevel::kError, std::string(failure.message())});
  }
}

// What is surely not meant in a source by itself.
std::vector<std::string> Oddities(const std::string& name, const SourceSummary& summary) {
  std::vector<std::string> texts;
  if (summary.unreadable > 0) {
    texts.push_back(absl::StrCat(
        name, ": ", Counted(summary.unreadable, "sample"),
        " cannot be read; in training others stand in for them, and measures leave them out"));
  }
  if (summary.not_a_number + summary.infinite > 0) {
    texts.push_back(absl::StrCat(name, ": ", Counted(summary.not_a_number, "value"),
                                 " not a number (NaN), ", summary.infinite,
                                 " infinite; the first in sample ", summary.first_not_finite));
  }
  if (summary.is_constant() && summary.samples > 1) {
    texts.push_back(absl::StrCat(name, ": every value is ", summary.minimum));
    return texts;
  }
  if (summary.values == SourceSummary::Values::kOneHot) {
    std::vector<std::string> absent;
    for (const SourceSummary::Class& one : summary.classes) {
      if (one.count == 0) absent.push_back(one.name);
    }
    if (!absent.empty()) {
      texts.push_back(absl::StrCat(name, ": no sample is of the ",
                                   absent.size() == 1 ? "class " : "classes ", Listed(absent)));
    }
  } else if (summary.shape.size() == 1 && !summary.constant_elements.empty()) {
    // In pictures that is usual: the corners of digits are always black.
    texts.push_back(
        absl::StrCat(name, ": ", summary.constant_elements.size(), " of ", summary.shape[0],
                     " columns never vary, counted from 0: ", Listed(summary.constant_elements)));
  }
  return texts;
}

class Inspector {
 public:
  Inspector(const Kurfile& kurfile, const PathResolver& paths, const RunOptions& options,
            const RunHost& host)
      : kurfile_(kurfile), paths_(paths), options_(options), host_(host) {
    const ModelPlan& plan = kurfile.plan();
    for (const int input : plan.inputs) {
      inputs_.insert(plan.layers[static_cast<size_t>(input)].name);
    }
  }

  absl::StatusOr<RunOutcome> Run() {
    RunStarted started;
    started.layers = static_cast<int64_t>(kurfile_.plan().layers.size());
    started.device = "cpu";
    started.threads = 1;
    host_.events->OnStarted(started);
    bool found = false;
    for (const Kurfile::NamedData& named : kurfile_.DataSections()) {
      if (!options_.inspection.section.empty() && named.section != options_.inspection.section) {
        continue;
      }
      found = true;
      if (!InspectSection(named)) return RunOutcome::kCancelled;
    }
    if (found) return RunOutcome::kSucceeded;
    return ErrorAt(kurfile_.evaluated().location(), "",
                   absl::StrCat("there is no section '", options_.inspection.section,
                                "' with data to look at"));
  }

 private:
  // False if the run was cancelled, here and below.
  bool InspectSection(const Kurfile::NamedData& named) {
    // Writes nothing, whatever the section.
    OpenContext context = MakeOpenContext(
        kurfile_, paths_, named.section == "evaluate" ? Mode::kEvaluate : Mode::kInspect, host_);
    auto model = EncodingsFor(named.section);
    if (model.ok()) context.model = *std::move(model);
    const auto sets = model.ok()
                          ? OpenData(*named.data, context, options_.seed, /*randomize=*/false)
                          : model.status();
    if (learnt_ != nullptr) learnt_->StopLearning();
    if (!sets.ok()) {
      DataReport report;
      report.section = named.section;
      AddFailure(sets.status(), &report);
      host_.events->OnDataInspected(report);
      return !host_.control->IsCancelled();
    }
    return std::all_of(sets->begin(), sets->end(),
                       [&](const OpenSet& set) { return InspectSet(named, set); });
  }

  // Returns how the data of a section would become numbers in a job: as the section's weights know,
  // or as the training data has taught, if that was looked at before.
  absl::StatusOr<std::shared_ptr<ModelEncodings>> EncodingsFor(const std::string& section) {
    const std::optional<FileReference> weights = WeightsOf(section);
    if (weights && paths_.ForReading(weights->path).ok()) {
      KUR_ASSIGN_OR_RETURN(auto model, ReadModelEncodings(*weights, paths_));
      if (section != "train") model->StopLearning();
      return model;
    }
    if (learnt_ != nullptr) return learnt_;
    auto model = std::make_shared<ModelEncodings>();
    if (section == "train") learnt_ = model;
    return model;
  }

  // Returns the weights that a job with the data of a section would begin with.
  std::optional<FileReference> WeightsOf(const std::string& section) const {
    const Sections& sections = kurfile_.sections();
    if (section == "test") return sections.test->weights;
    if (section == "evaluate") return sections.evaluate->weights;
    if (!sections.train || sections.train->weights.relearn) return std::nullopt;
    return sections.train->weights.initial;
  }

  bool InspectSet(const Kurfile::NamedData& named, const OpenSet& set) {
    DataReport report;
    report.section = named.section;
    report.set = set.name;
    report.samples = set.provider.num_samples();
    CheckModel(named, set.provider, &report);
    const std::set<std::string> truth = TruthNames();
    // What the model sees of each sample, as far as it tells samples apart.
    std::vector<uint64_t> seen(static_cast<size_t>(report.samples), 0);
    int64_t sources_done = 0;
    for (const auto& entry : set.provider.sources()) {
      const std::string& name = entry.first;
      const Source& source = *entry.second;
      const int64_t done = report.samples * sources_done++;
      const auto total = report.samples * static_cast<int64_t>(set.provider.sources().size());
      const bool is_input = inputs_.count(name) > 0;
      auto summary = Summarize(source, [&](int64_t index, const float* values, int64_t count) {
        if (is_input) {
          const absl::string_view sample(reinterpret_cast<const char*>(values),
                                         static_cast<size_t>(count) * sizeof(float));
          uint64_t& hash = seen[static_cast<size_t>(index)];
          hash = absl::HashOf(hash, name, sample);
        }
        return Tick(named.section, done + index, total);
      });
      if (absl::IsCancelled(summary.status())) return false;
      if (!summary.ok()) {
        AddFailure(summary.status(), &report);
        continue;
      }
      for (std::string& text : Oddities(name, *summary)) {
        report.findings.push_back({LogLevel::kWarning, std::move(text)});
      }
      report.sources.push_back({name, is_input, truth.count(name) > 0, *std::move(summary), {}});
      AddSamples(source, &report);
    }
    CompareSets(NameOf(named.section, set.name), seen, &report);
    host_.events->OnDataInspected(report);
    return !host_.control->IsCancelled();
  }

  void AddSamples(const Source& source, DataReport* report) const {
    const int64_t shown = std::min(options_.inspection.samples, source.size());
    for (int64_t i = 0; i < shown; ++i) {
      const int64_t begin = i * source.size() / shown;
      const int64_t end = (i + 1) * source.size() / shown;
      // All sources show the same samples, and what repeats in the set is not always met alike.
      Random random(options_.seed, static_cast<uint64_t>(i));
      const int64_t index =
          begin + static_cast<int64_t>(random.Below(static_cast<uint64_t>(end - begin)));
      DataReport::Source& reported = report->sources.back();
      auto preview = PreviewSample(source, reported.summary, index);
      if (preview.ok()) reported.samples.push_back(*std::move(preview));
    }
  }

  // Whether the set fits the model, which the first set of all gives its shapes.
  void CheckModel(const Kurfile::NamedData& named, const BatchProvider& provider,
                  DataReport* report) {
    const bool has_truth = named.section != "evaluate";
    absl::Status fits;
    if (objective_ == nullptr) {
      RunOptions options = options_;
      options.device = "cpu";
      options.mode = named.section == "evaluate" ? Mode::kEvaluate
                     : named.section == "train"  ? Mode::kTrain
                                                 : Mode::kTest;
      auto objective = Objective::Build(kurfile_, provider, options);
      fits = objective.status();
      if (fits.ok() && options.mode != Mode::kEvaluate) {
        fits = ChooseSectionMetrics(kurfile_.sections(), *objective).status();
      }
      if (fits.ok()) objective_ = std::make_unique<Objective>(*std::move(objective));
    } else if (has_truth) {
      fits = objective_->CheckSources(*named.data, provider);
    }
    if (fits.ok() && has_truth) fits = objective_->CheckValuesOf(provider);
    if (!fits.ok()) AddFailure(fits, report);
  }

  std::set<std::string> TruthNames() const {
    std::set<std::string> names;
    if (objective_ != nullptr) {
      names = objective_->SourceNames();
      for (const std::string& input : inputs_) names.erase(input);
    } else {
      for (const auto& loss : kurfile_.sections().losses) names.insert(loss->target);
    }
    return names;
  }

  // Samples that the model has been trained on prove nothing when it is measured with them.
  void CompareSets(const std::string& name, const std::vector<uint64_t>& seen, DataReport* report) {
    const bool comparable =
        std::any_of(report->sources.begin(), report->sources.end(),
                    [](const DataReport::Source& source) { return source.is_input; });
    if (!comparable) return;
    std::map<int, int64_t> known;  // by set: how many of these samples are in it
    for (const uint64_t hash : seen) {
      const auto found = sets_of_.find(hash);
      if (found != sets_of_.end()) ++known[found->second];
    }
    for (const auto& [set, count] : known) {
      report->findings.push_back(
          {LogLevel::kWarning,
           absl::StrCat(Counted(count, "sample"), " of ", seen.size(), count == 1 ? " is" : " are",
                        " also in ", set_names_[static_cast<size_t>(set)])});
    }
    for (const uint64_t hash : seen) {
      sets_of_.try_emplace(hash, static_cast<int>(set_names_.size()));
    }
    set_names_.push_back(name);
  }

  // Tells now and then how far this is; false if it is to end.
  bool Tick(const std::string& section, int64_t done, int64_t total) {
    constexpr int64_t kEvery = 64;
    constexpr double kProgressInterval = 0.25;
    if (done % kEvery != 0) return true;
    if (MonotonicSeconds() - last_progress_ > kProgressInterval) {
      last_progress_ = MonotonicSeconds();
      host_.events->OnPassProgress(section, done, total);
    }
    return !host_.control->IsCancelled();
  }

  const Kurfile& kurfile_;
  const PathResolver& paths_;
  const RunOptions& options_;
  const RunHost host_;
  std::set<std::string> inputs_;  // of the model
  std::unique_ptr<Objective> objective_;
  std::shared_ptr<ModelEncodings> learnt_;  // from the training data; null: not looked at yet
  // What was seen of the samples of the sets so far, and the first set that each is in.
  absl::flat_hash_map<uint64_t, int> sets_of_;
  std::vector<std::string> set_names_;
  double last_progress_ = MonotonicSeconds();
};

}  // namespace

absl::StatusOr<RunOutcome> RunInspection(const Kurfile& kurfile, const PathResolver& paths,
                                         const RunOptions& options, const RunHost& host) {
  return Inspector(kurfile, paths, options, host).Run();
}

}  // namespace kur
