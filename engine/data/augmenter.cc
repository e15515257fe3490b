#include "engine/data/augmenter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/parallel_for.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// The random stream of the first augmentation; the others follow. No other code draws from them.
constexpr uint64_t kFirstStream = 0x6175676d00000000;

absl::Status ErrorOf(const AugmentationSpec& spec, const std::string& message) {
  return ErrorAt(spec.location, spec.key, message);
}

// Returns the source that the augmentation names, after checking that it accepts the shape.
absl::StatusOr<std::string> CheckNamedSource(const AugmentationSpec& spec,
                                             const SourceMap& sources) {
  const auto found = sources.find(*spec.source);
  if (found == sources.end()) {
    std::vector<std::string> names;
    for (const auto& [name, source] : sources) names.push_back(name);
    return ErrorOf(spec, absl::StrCat("the data has no source '", *spec.source, "'",
                                      DidYouMean(*spec.source, names)));
  }
  const absl::Status suits = spec.CheckSample(found->second->shape());
  if (suits.ok()) return *spec.source;
  return ErrorOf(spec, absl::StrCat("cannot change '", *spec.source, "': ", spec.kind(), " ",
                                    suits.message()));
}

absl::StatusOr<std::string> FindSource(const AugmentationSpec& spec, const SourceMap& sources,
                                       const std::set<std::string>& inputs) {
  if (spec.source.has_value()) return CheckNamedSource(spec, sources);
  std::vector<std::string> suitable;
  absl::Status last = absl::OkStatus();
  for (const std::string& input : inputs) {
    const auto found = sources.find(input);
    if (found == sources.end()) continue;
    const absl::Status suits = spec.CheckSample(found->second->shape());
    if (suits.ok()) suitable.push_back(input);
    last.Update(suits);
  }
  if (suitable.size() == 1) return suitable[0];
  if (suitable.empty()) {
    return ErrorOf(
        spec, absl::StrCat("the model has no input for it: ", spec.kind(), " ", last.message()));
  }
  return ErrorOf(spec, absl::StrCat("several inputs could be meant; add source: ",
                                    absl::StrJoin(suitable, " or source: ")));
}

}  // namespace

absl::StatusOr<Augmenter> Augmenter::Create(const AugmentationSpecs& specs,
                                            const SourceMap& sources,
                                            const std::set<std::string>& inputs, uint64_t seed,
                                            int64_t threads) {
  Augmenter augmenter(seed, threads);
  for (const auto& spec : specs) {
    Step step = {spec, ""};
    if (!spec->MixesSamples()) {
      KUR_ASSIGN_OR_RETURN(step.source, FindSource(*spec, sources, inputs));
    }
    augmenter.steps_.push_back(std::move(step));
  }
  return augmenter;
}

void Augmenter::Apply(int64_t epoch, const int64_t* samples, const BatchBuffers& batch) const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const uint64_t of_step = Random(seed_, kFirstStream + i).Next();
    const uint64_t seed = Random(of_step, static_cast<uint64_t>(epoch)).Next();
    if (step.spec->MixesSamples()) {
      MixSamples(*step.spec, seed, samples, batch);
      continue;
    }
    const auto buffer = batch.find(step.source);
    if (buffer != batch.end()) ChangeSamples(*step.spec, seed, samples, buffer->second);
  }
}

void Augmenter::ChangeSamples(const AugmentationSpec& spec, uint64_t seed, const int64_t* samples,
                              const BatchBuffer& buffer) const {
  const Shape extents(buffer.shape.begin() + 1, buffer.shape.end());
  const int64_t size = NumElements(extents);
  ParallelFor(buffer.shape[0], threads_, [&](int64_t i) {
    Random random(seed, static_cast<uint64_t>(samples[i]));
    if (random.Uniform() >= spec.probability) return;
    spec.Apply(extents, &random, buffer.values + i * size);
  });
}

void Augmenter::MixSamples(const AugmentationSpec& spec, uint64_t seed, const int64_t* samples,
                           const BatchBuffers& batch) const {
  if (batch.empty()) return;
  const int64_t count = batch.begin()->second.shape[0];
  const std::vector<int64_t> partners = Permutation(count, seed, static_cast<uint64_t>(samples[0]));
  std::vector<float> shares;
  for (int64_t i = 0; i < count; ++i) {
    Random random(seed, static_cast<uint64_t>(samples[i]));
    const bool mixed = random.Uniform() < spec.probability;
    shares.push_back(mixed ? static_cast<float>(spec.DrawShare(&random)) : 1);
  }
  for (const auto& [name, buffer] : batch) {
    const int64_t size = NumElements(buffer.shape) / count;
    const std::vector<float> whole(buffer.values, buffer.values + count * size);
    ParallelFor(count, threads_, [&, &values = buffer.values](int64_t i) {
      const float share = shares[static_cast<size_t>(i)];
      const float* const other = whole.data() + partners[static_cast<size_t>(i)] * size;
      float* const own = values + i * size;
      for (int64_t j = 0; j < size; ++j) own[j] = share * own[j] + (1 - share) * other[j];
    });
  }
}

}  // namespace kur
