#ifndef KUR_ENGINE_KURFILE_PATH_CONFLICTS_H_
#define KUR_ENGINE_KURFILE_PATH_CONFLICTS_H_

#include <vector>

#include "engine/value/diagnostics.h"
#include "engine/value/file_reference.h"

namespace kur {

// The files that a job reads and writes.
struct JobPaths {
  std::vector<FileReference> data;     // read
  std::vector<FileReference> weights;  // read; training may write them again
  std::vector<FileReference> outputs;  // written
  bool trains = false;
};

// Reports outputs that would overwrite an input of the job, or that need another output's path as a
// folder. Warns of two outputs with the same path.
void CheckPathConflicts(const JobPaths& paths, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PATH_CONFLICTS_H_
