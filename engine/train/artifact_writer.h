#ifndef KUR_ENGINE_TRAIN_ARTIFACT_WRITER_H_
#define KUR_ENGINE_TRAIN_ARTIFACT_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "engine/value/file_reference.h"

namespace kur {

// A file that a run writes for its owner.
struct ArtifactInfo {
  enum class Kind { kCheckpoint, kResult };
  FileReference file;
  Kind kind = Kind::kCheckpoint;
  std::string description;  // "best validation loss"
  int64_t epoch = 0;        // completed when it was written
  int64_t batch = 0;        // trained in all when it was written
};

// Writes the files that belong to the owner of a run. All calls come from the thread of the run.
class ArtifactWriter {
 public:
  virtual ~ArtifactWriter() = default;

  // Writes `content` durably and in one step to where `info.file` says.
  virtual absl::Status WriteArtifact(const ArtifactInfo& info, const std::string& content) = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_ARTIFACT_WRITER_H_
