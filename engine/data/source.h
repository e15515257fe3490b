#ifndef KUR_ENGINE_DATA_SOURCE_H_
#define KUR_ENGINE_DATA_SOURCE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/value/shape.h"

namespace kur {

// One column of samples: all the images, or all the labels. Immutable and thread-safe: several
// threads may gather at the same time.
class Source {
 public:
  virtual ~Source() = default;

  // The number of samples.
  virtual int64_t size() const = 0;

  // The shape of one sample; (1,) where the samples are scalars. kUnknown in front says that the
  // samples are ragged: that their first axis varies. All other extents are known.
  virtual const Shape& shape() const = 0;
  bool is_ragged() const { return shape()[0] == kUnknown; }

  // What the numbers of a sample stand for: the number i, or in one-hot vectors the element i, for
  // symbols()[i] (a character, a word, a class). Empty where they stand for themselves.
  virtual const std::vector<std::string>& symbols() const {
    static const auto* const kNone = new std::vector<std::string>();
    return *kNone;
  }

  // The first extent of a sample, without anything that fills it up: that of shape(), unless the
  // samples are ragged. Precondition: 0 <= index < size().
  virtual int64_t Length(int64_t index) const {
    static_cast<void>(index);
    return shape()[0];
  }

  // The first extent of the samples at `indices` when they stand in one batch: that of shape(), or
  // where they are ragged that of the longest (a source may say more), but at least 1.
  // Preconditions: count > 0; every index is in [0, size()).
  virtual int64_t Extent(const int64_t* indices, int64_t count) const {
    if (!is_ragged()) return shape()[0];
    int64_t longest = 1;
    for (int64_t i = 0; i < count; ++i) longest = std::max(longest, Length(indices[i]));
    return longest;
  }

  // Which of the samples at `indices` cannot be read, one flag each; empty: all can. A batch has
  // another of its samples in the place of such a one, in every source, so that what belongs
  // together stays together. Preconditions: as for Extent().
  virtual std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const {
    static_cast<void>(indices);
    static_cast<void>(count);
    return {};
  }

  // Writes `count` samples, those at `indices` in that order, to `to`: float32 in row-major order,
  // each with `extent` as its first extent; zeros follow a ragged sample that is shorter, unless
  // the source documents something else. Preconditions: as for Extent(); `extent` is Extent() of
  // these samples, or more if they are ragged. An error names what could not be read; what `to`
  // then holds is unspecified.
  virtual absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                              float* to) const = 0;
};

// Adds to what one source says is unreadable what another says of the same samples.
inline void AddUnreadable(const std::vector<bool>& more, std::vector<bool>* unreadable) {
  unreadable->resize(std::max(unreadable->size(), more.size()));
  for (size_t i = 0; i < more.size(); ++i) (*unreadable)[i] = (*unreadable)[i] || more[i];
}

// Sources by name, as a model's inputs and targets name them.
using SourceMap = std::map<std::string, std::shared_ptr<const Source>>;

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SOURCE_H_
