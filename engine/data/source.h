#ifndef KUR_ENGINE_DATA_SOURCE_H_
#define KUR_ENGINE_DATA_SOURCE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "engine/kurfile/shape.h"

namespace kur {

// One column of samples: all the images, or all the labels. Immutable and thread-safe: several
// threads may gather at the same time.
class Source {
 public:
  virtual ~Source() = default;

  // The number of samples.
  virtual int64_t size() const = 0;

  // The shape of one sample, fully known; (1,) where the samples are scalars.
  virtual const Shape& shape() const = 0;

  // Writes `count` samples, those at `indices` in that order, to `to`: float32 in row-major order,
  // count * NumElements(shape()) values. Precondition: every index is in [0, size()). An error
  // names what could not be read; what `to` then holds is unspecified.
  virtual absl::Status Gather(const int64_t* indices, int64_t count, float* to) const = 0;
};

// Sources by name, as a model's inputs and targets name them.
using SourceMap = std::map<std::string, std::shared_ptr<const Source>>;

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SOURCE_H_
