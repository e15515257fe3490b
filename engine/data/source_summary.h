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

// Statistics of all samples of a source.
struct SourceSummary {
  // The narrowest description that all values meet.
  enum class Values { kReal, kInteger, kOneHot };

  // The number of occurrences of a class or a symbol.
  struct Class {
    std::string name;
    int64_t count = 0;
  };

  int64_t samples = 0;     // readable samples
  int64_t unreadable = 0;  // samples that cannot be read
  Shape shape;             // of a sample, as Source::shape()
  // Of the first extents of ragged samples.
  int64_t shortest = 0;
  int64_t longest = 0;
  double mean_length = 0;

  Values values = Values::kReal;
  // Of the finite values without padding; 0 if there are none.
  double minimum = 0;
  double maximum = 0;
  double mean = 0;
  double deviation = 0;  // the standard deviation of the population

  int64_t not_a_number = 0;       // values that are NaN
  int64_t infinite = 0;           // values that are infinite
  int64_t first_not_finite = -1;  // the first sample with a NaN or infinite value; -1: none

  // The elements, by their row-major index, that have the same value in every sample. Empty for
  // samples that are ragged or larger than kMaxElements.
  std::vector<int64_t> constant_elements;

  // The classes of one-hot rows, or of samples that are single integers, named by the source's
  // symbols. Empty for other values, and for more than kMaxClasses distinct integers.
  std::vector<Class> classes;

  static constexpr int64_t kMaxElements = int64_t{1} << 20;
  static constexpr size_t kMaxClasses = 256;

  bool is_constant() const { return minimum == maximum && not_a_number + infinite == 0; }
};

// Receives the index and the values of every readable sample. Returns false to end the pass.
using SampleVisitor = std::function<bool(int64_t index, const float* values, int64_t num_values)>;

// Reads all samples of a source in order and summarizes them. The memory does not depend on their
// number. Returns CANCELLED if the visitor ended the pass, otherwise the source's error.
absl::StatusOr<SourceSummary> Summarize(const Source& source, const SampleVisitor& visit);

// A picture of a sample, small enough for a terminal: a byte for gray, or for each of red, green
// and blue.
struct Picture {
  int height = 0;  // pixels; 0: there is no picture
  int width = 0;
  int channels = 0;    // 1 or 3
  std::string pixels;  // row-major, channels last

  static constexpr int kMaxPixels = 32;  // in height and in width
};

// An excerpt of one sample for people to look at.
struct SamplePreview {
  int64_t index = 0;
  Shape shape;                // of this sample; no extent is unknown
  std::vector<float> values;  // the first kMaxValues values
  std::string text;           // the classes or symbols that the values stand for; may be empty
  Picture picture;            // of samples (rows, columns, 1 or 3) or (steps, features)

  static constexpr int64_t kMaxValues = 16;
  static constexpr size_t kMaxTextBytes = 400;
};

// Returns a preview of the sample at `index`, or the source's error. `summary` is the source's.
absl::StatusOr<SamplePreview> PreviewSample(const Source& source, const SourceSummary& summary,
                                            int64_t index);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SOURCE_SUMMARY_H_
