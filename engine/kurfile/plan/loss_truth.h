#ifndef KUR_ENGINE_KURFILE_PLAN_LOSS_TRUTH_H_
#define KUR_ENGINE_KURFILE_PLAN_LOSS_TRUTH_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "engine/kurfile/specs/loss_spec.h"
#include "engine/value/shape.h"

namespace kur {

// The meaning of an unknown extent of a source.
enum class UnknownExtent {
  kAnything,  // the data has not been opened: the extent may be the required one
  kVaries,    // varies from sample to sample
};

// Checks that the sources which a loss reads fit its output, whose samples have the shape `output`.
// `sources` are the known shapes; a source without a known shape fits. INVALID_ARGUMENT, in words
// for the author of the Kurfile, at the key that names the source.
absl::Status CheckTruth(const LossSpec& loss, const Shape& output,
                        const std::map<std::string, Shape>& sources, UnknownExtent unknown);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_LOSS_TRUTH_H_
