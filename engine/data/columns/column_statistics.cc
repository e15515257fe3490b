#include "engine/data/columns/column_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/columns/derived_source.h"

namespace kur {
namespace {

class FilledSource : public DerivedSource {
 public:
  FilledSource(std::shared_ptr<const Source> values, std::vector<float> filling)
      : DerivedSource(std::move(values)), filling_(std::move(filling)) {}

  const SymbolTable& symbols() const override { return base().symbols(); }
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    KUR_RETURN_IF_ERROR(base().Gather(indices, count, extent, to));
    if (!is_ragged()) extent = shape()[0];
    const int64_t values = count * extent * RowElements(base());
    for (int64_t i = 0; i < values; ++i) {
      if (std::isnan(to[i])) to[i] = filling_[static_cast<size_t>(i) % filling_.size()];
    }
    return absl::OkStatus();
  }

 private:
  std::vector<float> filling_;
};

class ScaledSource : public DerivedSource {
 public:
  // `scale` and `offset` have a number for each position of the last axis, or one for all of them.
  ScaledSource(std::shared_ptr<const Source> values, std::vector<double> scale,
               std::vector<double> offset)
      : DerivedSource(std::move(values)), scale_(std::move(scale)), offset_(std::move(offset)) {}

  // Leaves the padding as it is.
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    KUR_RETURN_IF_ERROR(base().Gather(indices, count, extent, to));
    const size_t depth = scale_.size();
    const int64_t row = RowElements(base());
    for (int64_t i = 0; i < count; ++i) {
      float* const end = to + base().Length(indices[i]) * row;
      for (float* values = to; values < end; values += depth) {
        // Double precision, as values may be large beside their deviation.
        for (size_t j = 0; j < depth; ++j) {
          values[j] = static_cast<float>(values[j] * scale_[j] + offset_[j]);
        }
      }
      to += extent * row;
    }
    return absl::OkStatus();
  }

 private:
  std::vector<double> scale_;
  std::vector<double> offset_;
};

// Returns what stands for the gaps among `values`, which are not empty; changes their order.
double FillingOf(GapSpec::Kind missing, std::vector<float>* values) {
  if (missing == GapSpec::Kind::kMean) {
    return std::accumulate(values->begin(), values->end(), 0.0) /
           static_cast<double>(values->size());
  }
  std::sort(values->begin(), values->end());
  if (missing == GapSpec::Kind::kMedian) {
    const size_t half = values->size() / 2;
    const double above = (*values)[half];
    return values->size() % 2 == 1 ? above : (above + (*values)[half - 1]) / 2;
  }
  auto best = values->begin();
  std::ptrdiff_t most = 0;
  for (auto from = values->begin(); from != values->end();) {
    const auto next = std::upper_bound(from, values->end(), *from);
    if (next - from > most) {
      most = next - from;
      best = from;
    }
    from = next;
  }
  return *best;
}

// Running statistics of the values at one position of the last axis, by Welford's algorithm.
struct Statistics {
  int64_t count = 0;
  double mean = 0;
  double squares = 0;  // the sum of squared differences from the mean
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void Add(double value) {
    ++count;
    const double difference = value - mean;
    mean += difference / static_cast<double>(count);
    squares += difference * (value - mean);
    min = std::min(min, value);
    max = std::max(max, value);
  }

  // Returns the value that is scaled to 0.
  double Center(ColumnScaling::Kind kind) const {
    return kind == ColumnScaling::Kind::kStandard ? mean : min;
  }
  // Returns the distance from Center() that is scaled to 1.
  double Unit(ColumnScaling::Kind kind) const {
    if (min == max) return 1;
    return kind == ColumnScaling::Kind::kStandard ? std::sqrt(squares / static_cast<double>(count))
                                                  : max - min;
  }
};

// Returns the number of positions with a scale of their own: the last extent, or 1 if it is ragged.
size_t Depth(const Source& source) {
  const int64_t last = source.shape().back();
  return last == kUnknown ? 1 : static_cast<size_t>(last);
}

absl::Status AddStatistics(const Source& source, const std::vector<int64_t>& samples,
                           std::vector<Statistics>* statistics) {
  const auto add = [&](const float* values, int64_t count, int64_t sample) -> absl::Status {
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      if (!std::isfinite(values[i])) {
        return absl::InvalidArgumentError(
            absl::StrCat(SampleText(source, sample), " has the value ", values[i],
                         ", so that there are no statistics; give numbers, as in {mean, std}"));
      }
      (*statistics)[i % statistics->size()].Add(values[i]);
    }
    return absl::OkStatus();
  };
  return ForEachSample(source, samples, add);
}

// Returns one number for each of `depth` positions; a single number is repeated.
absl::StatusOr<std::vector<double>> Broadcast(const std::vector<double>& numbers, size_t depth) {
  if (numbers.size() == depth) return numbers;
  if (numbers.size() == 1) return std::vector<double>(depth, numbers[0]);
  return absl::InvalidArgumentError(absl::StrCat("there are ", numbers.size(),
                                                 " numbers for a last axis of the length ", depth,
                                                 "; give one, or one for each position"));
}

}  // namespace

absl::StatusOr<std::vector<double>> LearnFilling(GapSpec::Kind missing,
                                                 const std::vector<TrainingSamples>& training) {
  std::vector<std::vector<float>> values(Depth(*training[0].values));
  for (const TrainingSamples& part : training) {
    if (Depth(*part.values) != values.size()) {
      return absl::InvalidArgumentError("the suppliers differ in the length of the last axis");
    }
    const auto add = [&](const float* given, int64_t count, int64_t) {
      for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
        if (!std::isnan(given[i])) values[i % values.size()].push_back(given[i]);
      }
      return absl::OkStatus();
    };
    KUR_RETURN_IF_ERROR(ForEachSample(*part.values, part.samples, add));
  }
  std::vector<double> filling;
  for (auto& position : values) {
    if (position.empty()) {
      return absl::InvalidArgumentError("the training data has no values at all to fill gaps with");
    }
    filling.push_back(FillingOf(missing, &position));
  }
  return filling;
}

absl::StatusOr<std::shared_ptr<const Source>> FillGaps(std::shared_ptr<const Source> values,
                                                       const std::vector<double>& filling) {
  KUR_ASSIGN_OR_RETURN(const auto numbers, Broadcast(filling, Depth(*values)));
  return std::make_shared<const FilledSource>(std::move(values),
                                              std::vector<float>(numbers.begin(), numbers.end()));
}

absl::StatusOr<Scaling> LearnScaling(ColumnScaling::Kind kind,
                                     const std::vector<TrainingSamples>& training) {
  std::vector<Statistics> statistics(Depth(*training[0].values));
  for (const TrainingSamples& part : training) {
    if (Depth(*part.values) != statistics.size()) {
      return absl::InvalidArgumentError("the suppliers differ in the length of the last axis");
    }
    KUR_RETURN_IF_ERROR(AddStatistics(*part.values, part.samples, &statistics));
  }
  Scaling scaling;
  for (const Statistics& position : statistics) {
    scaling.scale.push_back(1 / position.Unit(kind));
    scaling.offset.push_back(-position.Center(kind) * scaling.scale.back());
  }
  return scaling;
}

absl::StatusOr<std::shared_ptr<const Source>> ScaleColumn(std::shared_ptr<const Source> values,
                                                          const Scaling& scaling) {
  const size_t depth = Depth(*values);
  KUR_ASSIGN_OR_RETURN(auto scale, Broadcast(scaling.scale, depth));
  KUR_ASSIGN_OR_RETURN(auto offset, Broadcast(scaling.offset, depth));
  return std::make_shared<const ScaledSource>(std::move(values), std::move(scale),
                                              std::move(offset));
}

}  // namespace kur
