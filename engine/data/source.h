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

// What the values of a source stand for, where they are not numbers themselves.
struct SymbolTable {
  // The value i, or in one-hot vectors the element i, stands for names[i]: a character, a word or a
  // class. Empty: values are numbers.
  std::vector<std::string> names;
  bool is_one_hot = false;  // may be known where the elements have no names
  // Whether a person has listed the names, rather than that they were found in the data.
  bool is_listed = false;

  bool empty() const { return names.empty(); }
};

// One column of samples: all the images, or all the labels. A batch is gathered in three steps:
// Extent() tells the padded length, Unreadable() which samples to replace, Gather() copies.
// Immutable and thread-safe: several threads may gather at the same time.
class Source {
 public:
  virtual ~Source() = default;

  // The number of samples.
  virtual int64_t size() const = 0;

  // Returns the shape of one sample; (1,) for scalars. If the first extent is kUnknown, the samples
  // are ragged: they differ in that extent. All other extents are known.
  virtual const Shape& shape() const = 0;
  bool is_ragged() const { return shape()[0] == kUnknown; }

  virtual const SymbolTable& symbols() const {
    static const auto* const kNone = new SymbolTable();
    return *kNone;
  }

  // Returns by what a person knows a sample: its file, or the row of its table. Empty: by its index
  // alone. Precondition: 0 <= index < size().
  virtual std::string NameOf(int64_t index) const {
    static_cast<void>(index);
    return "";
  }

  // Returns a sample that is one value exactly as the data has it, where that was asked for; see
  // KeptColumns. Empty: it was not, or nothing is there.
  virtual std::string TextOf(int64_t index) const {
    static_cast<void>(index);
    return "";
  }

  // Returns the first extent of a sample, without padding: that of shape(), unless the samples are
  // ragged. Precondition: 0 <= index < size().
  virtual int64_t Length(int64_t index) const {
    static_cast<void>(index);
    return shape()[0];
  }

  // Returns the first extent of a batch of the samples at `indices`: that of shape(), or for ragged
  // samples at least that of the longest, and at least 1. Preconditions: count > 0; every index is
  // in [0, size()).
  virtual int64_t Extent(const int64_t* indices, int64_t count) const {
    if (!is_ragged()) return shape()[0];
    int64_t longest = 1;
    for (int64_t i = 0; i < count; ++i) longest = std::max(longest, Length(indices[i]));
    return longest;
  }

  // Returns a flag for each of the samples at `indices`: true if it cannot be read. Empty: all can
  // be read. A batch replaces an unreadable sample by another one, in all sources, so that inputs
  // and labels stay aligned. Preconditions: as for Extent().
  virtual std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const {
    static_cast<void>(indices);
    static_cast<void>(count);
    return {};
  }

  // Writes the samples at `indices`, in that order, to `to`: (count, extent, rest of shape()) of
  // float32 in row-major order. Zeros follow a shorter ragged sample, unless the source documents
  // something else. Preconditions: as for Extent(); `extent` is Extent() of these samples, or more
  // if they are ragged. An error names the sample that could not be read; the content of `to` is
  // then unspecified.
  virtual absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                              float* to) const = 0;
};

// Merges the flags `more`, as of Source::Unreadable(), into `unreadable` by a logical or.
inline void AddUnreadable(const std::vector<bool>& more, std::vector<bool>* unreadable) {
  unreadable->resize(std::max(unreadable->size(), more.size()));
  for (size_t i = 0; i < more.size(); ++i) (*unreadable)[i] = (*unreadable)[i] || more[i];
}

// Sources by the names of a model's inputs and targets.
using SourceMap = std::map<std::string, std::shared_ptr<const Source>>;

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SOURCE_H_
