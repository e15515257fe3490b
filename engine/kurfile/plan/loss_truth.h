#ifndef KUR_ENGINE_KURFILE_PLAN_LOSS_TRUTH_H_
#define KUR_ENGINE_KURFILE_PLAN_LOSS_TRUTH_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "engine/kurfile/specs/loss_spec.h"
#include "engine/value/shape.h"

namespace kur {

// What an extent of a source means that is not known.
enum class UnknownExtent {
  kAnything,  // the data has not been opened: it may be what is wanted
  kVaries,    // from sample to sample
};

// Whether the sources that a loss reads suit its output, whose samples have the shape `output`.
// `sources` are the shapes that are known; a source that is not among them suits. INVALID_ARGUMENT,
// in words for the author of the Kurfile, at the key that names the source.
absl::Status CheckTruth(const LossSpec& loss, const Shape& output,
                        const std::map<std::string, Shape>& sources, UnknownExtent unknown);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_LOSS_TRUTH_H_
