#ifndef KUR_ENGINE_DATA_SOURCE_SUMMARY_H_
#define KUR_ENGINE_DATA_SOURCE_SUMMARY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/source.h"

namespace kur {

// What there is to say of a source after all its samples were looked at.
struct SourceSummary {
  // What the values have in common.
  enum class Values { kReal, kInteger, kOneHot };

  // How often a class, or a symbol, occurs.
  struct Class {
    std::string name;
    int64_t count = 0;
  };

  int64_t samples = 0;     // that were looked at
  int64_t unreadable = 0;  // samples more, which cannot be
  Shape shape;             // of a sample; kUnknown in front where they are ragged
  int64_t shortest = 0;    // the first extents of ragged samples
  int64_t longest = 0;
  double mean_length = 0;

  Values values = Values::kReal;
  // Of the finite values, padding apart; 0 if there are none.
  double minimum = 0;
  double maximum = 0;
  double mean = 0;
  double deviation = 0;  // the standard deviation, dividing by the number of values

  int64_t not_a_number = 0;
  int64_t infinite = 0;
  int64_t first_not_finite = -1;  // the first sample with such a value; -1: none

  // Elements, in row-major order, that have the same value in every sample. Empty where the samples
  // are ragged, or larger than kMaxElements.
  std::vector<int64_t> constant_elements;

  // One-hot rows by the place of the 1, single integers by value, both with the source's symbols
  // for names. Empty for other values, or integers of more than kMaxClasses values.
  std::vector<Class> classes;

  static constexpr int64_t kMaxElements = int64_t{1} << 20;
  static constexpr size_t kMaxClasses = 256;

  bool is_constant() const { return minimum == maximum && not_a_number + infinite == 0; }
};

// Hears of every sample: its index, its values and how many there are. False ends the pass.
using SampleVisitor = std::function<bool(int64_t index, const float* values, int64_t num_values)>;

// Reads the source from the first sample to the last, in memory that does not depend on their
// number. CANCELLED if the visitor ended it; an error of the source as it is.
absl::StatusOr<SourceSummary> Summarize(const Source& source, const SampleVisitor& visit);

// A picture of a sample, small enough for a terminal: gray or red, green and blue, a byte each.
struct Picture {
  int height = 0;  // pixels; 0: there is none
  int width = 0;
  int channels = 0;    // 1 or 3
  std::string pixels;  // row-major, channels last

  static constexpr int kMaxPixels = 32;  // in height and in width
};

// What a sample looks like.
struct SamplePreview {
  int64_t index = 0;
  Shape shape;                // with its own first extent
  std::vector<float> values;  // the first of them, kMaxValues at most
  std::string text;           // what its classes or symbols spell; empty where there are none
  Picture picture;            // of samples (rows, columns, 1 or 3), and of (steps, features)

  static constexpr int64_t kMaxValues = 16;
  static constexpr size_t kMaxTextBytes = 400;
};

// The sample at `index` of a source that `summary` is of. An error of the source as it is.
absl::StatusOr<SamplePreview> PreviewSample(const Source& source, const SourceSummary& summary,
                                            int64_t index);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SOURCE_SUMMARY_H_
