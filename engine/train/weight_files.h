#ifndef KUR_ENGINE_TRAIN_WEIGHT_FILES_H_
#define KUR_ENGINE_TRAIN_WEIGHT_FILES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/data/encoding.h"
#include "engine/train/checkpoint.h"
#include "engine/train/model.h"
#include "engine/train/run_events.h"
#include "engine/value/file_reference.h"

namespace kur {

// Reads what is at `path`, as a Kurfile writes it, for `model`: a checkpoint file, or a folder of
// weights that Kur's PyTorch backend wrote.
//
// Such a folder, or the folders in it, has a file LAYER+WEIGHT.kur (IDX) for each tensor: LAYER is
// `layer_` with the layer's name, in which every character that is no letter and no digit is `_`,
// and WEIGHT what PyTorch calls the tensor. Tensors that it lacks are as `model` has them, and
// `events` is warned of them and of files that no layer takes.
absl::StatusOr<Checkpoint> ReadWeights(const std::string& path, const PathResolver& paths,
                                       const Model& model, RunEvents* events);

// Reads what the weights that a Kurfile names know of how data becomes numbers. An error is that of
// UnusableWeights().
absl::StatusOr<std::shared_ptr<ModelEncodings>> ReadModelEncodings(const FileReference& weights,
                                                                   const PathResolver& paths);

// Returns the diagnostic that the weights which a Kurfile names cannot be used, and why.
absl::Status UnusableWeights(const FileReference& weights, const absl::Status& why);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_WEIGHT_FILES_H_
