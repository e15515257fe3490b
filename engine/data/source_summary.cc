#include "engine/data/source_summary.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"

namespace kur {
namespace {

// The number of values that are gathered at a time, unless a single sample has more.
constexpr int64_t kChunkValues = int64_t{1} << 18;

bool IsInteger(float value) { return value == std::floor(value); }

// Returns the index of the 1 in a one-hot row; -1 if the row is not one-hot.
int64_t OneHotIndex(const float* row, int64_t extent) {
  int64_t place = -1;
  for (int64_t i = 0; i < extent; ++i) {
    if (row[i] == 0) continue;
    if (row[i] != 1 || place >= 0) return -1;
    place = i;
  }
  return place;
}

std::string NameOf(int64_t place, const std::vector<std::string>& symbols) {
  const auto index = static_cast<size_t>(place);
  return place >= 0 && index < symbols.size() ? symbols[index] : absl::StrCat(place);
}

// Builds a SourceSummary, sample by sample.
class Summarizer {
 public:
  explicit Summarizer(const Source& source) : source_(source), row_(source.shape().back()) {
    summary_.shape = source.shape();
    const int64_t elements = NumElements(source.shape());
    if (elements != kUnknown && elements <= SourceSummary::kMaxElements) {
      lowest_.assign(static_cast<size_t>(elements), std::numeric_limits<float>::infinity());
      highest_.assign(static_cast<size_t>(elements), -std::numeric_limits<float>::infinity());
    }
    has_rows_ = row_ != kUnknown && row_ > 1;
    if (has_rows_) one_hot_counts_.assign(static_cast<size_t>(row_), 0);
    // Single numbers, and ragged sequences of them.
    has_single_integers_ =
        elements == 1 || source.shape() == Shape{kUnknown} || source.shape() == Shape{kUnknown, 1};
  }

  void AddUnreadable() { ++summary_.unreadable; }

  void Add(int64_t sample, const float* values, int64_t length, int64_t count) {
    ++summary_.samples;
    if (source_.is_ragged()) AddLength(length);
    for (int64_t i = 0; i < count; ++i) AddValue(values[i], sample);
    if (has_rows_) AddRows(values, count);
    if (has_single_integers_) AddIntegers(values, count);
    for (size_t i = 0; i < lowest_.size(); ++i) {
      lowest_[i] = std::min(lowest_[i], values[i]);
      highest_[i] = std::max(highest_[i], values[i]);
    }
  }

  SourceSummary Finish() && {
    const auto finite = static_cast<double>(finite_);
    if (finite_ > 0) {
      const double shifted = sum_ / finite;
      summary_.mean = shift_ + shifted;
      summary_.deviation = std::sqrt(std::max(0.0, squares_ / finite - shifted * shifted));
    }
    if (summary_.samples > 0) {
      summary_.mean_length = static_cast<double>(lengths_) / static_cast<double>(summary_.samples);
    }
    const bool all_finite = summary_.not_a_number + summary_.infinite == 0;
    if (has_rows_ && all_finite) {
      summary_.values = SourceSummary::Values::kOneHot;
      for (int64_t i = 0; i < row_; ++i) AddClass(i, one_hot_counts_[static_cast<size_t>(i)]);
    } else if (integers_ && all_finite) {
      summary_.values = SourceSummary::Values::kInteger;
      for (const auto& [value, count] : integer_counts_) AddClass(value, count);
    }
    // Elements with a NaN are left out, as a NaN moves neither bound.
    for (size_t i = 0; i < lowest_.size() && summary_.samples > 1; ++i) {
      if (lowest_[i] == highest_[i]) summary_.constant_elements.push_back(static_cast<int64_t>(i));
    }
    return std::move(summary_);
  }

 private:
  void AddLength(int64_t extent) {
    lengths_ += extent;
    summary_.shortest = summary_.samples == 1 ? extent : std::min(summary_.shortest, extent);
    summary_.longest = std::max(summary_.longest, extent);
  }

  void AddValue(float value, int64_t sample) {
    if (!std::isfinite(value)) {
      ++(std::isnan(value) ? summary_.not_a_number : summary_.infinite);
      if (summary_.first_not_finite < 0) summary_.first_not_finite = sample;
      return;
    }
    if (finite_ == 0) {
      shift_ = summary_.minimum = summary_.maximum = value;
    }
    ++finite_;
    summary_.minimum = std::min<double>(summary_.minimum, value);
    summary_.maximum = std::max<double>(summary_.maximum, value);
    const double shifted = value - shift_;
    sum_ += shifted;
    squares_ += shifted * shifted;
    integers_ = integers_ && IsInteger(value);
  }

  void AddRows(const float* values, int64_t count) {
    for (int64_t at = 0; at < count && has_rows_; at += row_) {
      const int64_t place = OneHotIndex(values + at, row_);
      has_rows_ = place >= 0;
      if (has_rows_) ++one_hot_counts_[static_cast<size_t>(place)];
    }
  }

  void AddIntegers(const float* values, int64_t count) {
    for (int64_t i = 0; i < count && has_single_integers_; ++i) {
      // Larger integers are not all exact in float32.
      constexpr float kExact = 1 << 24;
      has_single_integers_ = IsInteger(values[i]) && std::abs(values[i]) <= kExact;
      if (has_single_integers_) ++integer_counts_[static_cast<int64_t>(values[i])];
      has_single_integers_ &= integer_counts_.size() <= SourceSummary::kMaxClasses;
    }
    if (!has_single_integers_) integer_counts_.clear();
  }

  void AddClass(int64_t place, int64_t count) {
    summary_.classes.push_back({NameOf(place, source_.symbols().names), count});
  }

  const Source& source_;
  const int64_t row_;  // the last extent
  SourceSummary summary_;
  // For each element the bounds over all samples.
  std::vector<float> lowest_, highest_;
  // Sums of the differences to the first value, more precise than sums of the values.
  double shift_ = 0, sum_ = 0, squares_ = 0;
  int64_t finite_ = 0;
  int64_t lengths_ = 0;
  bool integers_ = true;
  bool has_rows_ = false;             // all rows so far are one-hot
  bool has_single_integers_ = false;  // all values so far are integers, of at most kMaxClasses
  std::vector<int64_t> one_hot_counts_;
  std::map<int64_t, int64_t> integer_counts_;
};

// How a sample is drawn as a picture. A sample (rows, columns, channels) is drawn as it is. A
// sample (steps, features) is rotated: time goes to the right, and low features are at the bottom.
struct Layout {
  int64_t height = 0, width = 0, channels = 0;
  bool rotated = false;
};

Layout LayoutOf(const Shape& shape) {
  constexpr int64_t kMinFeatures = 8;
  if (shape.size() == 3 && (shape[2] == 1 || shape[2] == 3)) {
    return {shape[0], shape[1], shape[2], false};
  }
  if (shape.size() == 2 && shape[0] >= kMinFeatures && shape[1] >= kMinFeatures) {
    return {shape[1], shape[0], 1, true};
  }
  return {};
}

Picture Draw(const Shape& shape, const std::vector<float>& values) {
  const Layout layout = LayoutOf(shape);
  Picture picture;
  if (layout.height == 0 || layout.width == 0) return picture;
  float lowest = std::numeric_limits<float>::infinity();
  float highest = -lowest;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  picture.height = static_cast<int>(std::min<int64_t>(layout.height, Picture::kMaxPixels));
  picture.width = static_cast<int>(std::min<int64_t>(layout.width, Picture::kMaxPixels));
  picture.channels = static_cast<int>(layout.channels);
  const auto value_at = [&](int64_t row, int64_t column, int64_t channel) {
    const int64_t index = layout.rotated
                              ? column * layout.height + (layout.height - 1 - row)
                              : (row * layout.width + column) * layout.channels + channel;
    const float value = values[static_cast<size_t>(index)];
    return std::isfinite(value) ? value : lowest;
  };
  const double range = highest > lowest ? highest - lowest : 1;
  for (int64_t row = 0; row < picture.height; ++row) {
    for (int64_t column = 0; column < picture.width; ++column) {
      for (int64_t channel = 0; channel < picture.channels; ++channel) {
        // The mean of the block that the pixel stands for.
        double sum = 0;
        int64_t count = 0;
        const int64_t bottom = (row + 1) * layout.height / picture.height;
        const int64_t right = (column + 1) * layout.width / picture.width;
        for (int64_t y = row * layout.height / picture.height; y < bottom; ++y) {
          for (int64_t x = column * layout.width / picture.width; x < right; ++x) {
            sum += value_at(y, x, channel);
            ++count;
          }
        }
        const double share = (sum / static_cast<double>(count) - lowest) / range;
        constexpr double kWhite = 255;
        picture.pixels += static_cast<char>(std::lround(std::clamp(share, 0.0, 1.0) * kWhite));
      }
    }
  }
  return picture;
}

// Returns the symbols of a sample as text: of one-hot rows, or of integers if the source has
// symbols. Single letters are joined, longer symbols are separated by spaces.
std::string SampleText(const Source& source, const SourceSummary& summary,
                       const std::vector<float>& values) {
  const std::vector<std::string>& symbols = source.symbols().names;
  const bool one_hot = summary.values == SourceSummary::Values::kOneHot;
  if (!one_hot && (symbols.empty() || summary.values != SourceSummary::Values::kInteger)) return "";
  const int64_t row = one_hot ? source.shape().back() : 1;
  std::vector<std::string> read;
  size_t bytes = 0;
  for (size_t at = 0; at < values.size() && bytes <= SamplePreview::kMaxTextBytes;
       at += static_cast<size_t>(row)) {
    const int64_t place =
        one_hot ? OneHotIndex(&values[at], row) : static_cast<int64_t>(values[at]);
    if (place < 0) continue;
    read.push_back(NameOf(place, symbols));
    bytes += read.back().size();
  }
  const bool letters = !symbols.empty() &&
                       std::all_of(symbols.begin(), symbols.end(), [](const std::string& symbol) {
                         return CharacterCount(symbol) <= 1;
                       });
  return absl::StrJoin(read, letters ? "" : " ");
}

}  // namespace

absl::StatusOr<SourceSummary> Summarize(const Source& source, const SampleVisitor& visit) {
  Summarizer summarizer(source);
  const int64_t elements = NumElements(source.shape());
  // Ragged samples are read one by one, so that each has its own length.
  const int64_t chunk =
      source.is_ragged() ? 1 : std::max<int64_t>(1, kChunkValues / std::max<int64_t>(1, elements));
  std::vector<int64_t> indices;
  std::vector<float> values;
  for (int64_t first = 0; first < source.size(); first += chunk) {
    const int64_t count = std::min(chunk, source.size() - first);
    indices.clear();
    for (int64_t i = 0; i < count; ++i) indices.push_back(first + i);
    const std::vector<bool> unreadable = source.Unreadable(indices.data(), count);
    for (size_t i = unreadable.size(); i-- > 0;) {
      if (!unreadable[i]) continue;
      summarizer.AddUnreadable();
      indices.erase(indices.begin() + static_cast<int64_t>(i));
    }
    if (indices.empty()) continue;
    const auto readable = static_cast<int64_t>(indices.size());
    const int64_t extent = source.Extent(indices.data(), readable);
    Shape shape = source.shape();
    shape[0] = extent;
    const int64_t size = NumElements(shape);
    values.resize(static_cast<size_t>(readable * size));
    KUR_RETURN_IF_ERROR(source.Gather(indices.data(), readable, extent, values.data()));
    for (int64_t i = 0; i < readable; ++i) {
      const int64_t index = indices[static_cast<size_t>(i)];
      const int64_t length = source.Length(index);
      const float* const sample = values.data() + i * size;
      summarizer.Add(index, sample, length, length * (size / extent));
      if (!visit(index, sample, size)) return absl::CancelledError("cancelled");
    }
  }
  return std::move(summarizer).Finish();
}

absl::StatusOr<SamplePreview> PreviewSample(const Source& source, const SourceSummary& summary,
                                            int64_t index) {
  SamplePreview preview;
  preview.index = index;
  preview.shape = source.shape();
  preview.shape[0] = source.Extent(&index, 1);
  std::vector<float> values(static_cast<size_t>(NumElements(preview.shape)));
  KUR_RETURN_IF_ERROR(source.Gather(&index, 1, preview.shape[0], values.data()));
  // The padding of a batch is no part of a sample.
  const int64_t length = source.Length(index);
  if (source.is_ragged() && length < preview.shape[0]) {
    values.resize(values.size() / static_cast<size_t>(preview.shape[0]) *
                  static_cast<size_t>(length));
    preview.shape[0] = length;
  }
  preview.text = SampleText(source, summary, values);
  if (!values.empty()) preview.picture = Draw(preview.shape, values);
  const auto num_shown = std::min<size_t>(values.size(), SamplePreview::kMaxValues);
  preview.values.assign(values.begin(), values.begin() + static_cast<int64_t>(num_shown));
  return preview;
}

}  // namespace kur
