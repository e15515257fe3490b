#ifndef KUR_ENGINE_KURFILE_PATH_CONFLICTS_H_
#define KUR_ENGINE_KURFILE_PATH_CONFLICTS_H_

#include <vector>

#include "engine/value/diagnostics.h"
#include "engine/value/file_reference.h"

namespace kur {

// What a job reads and writes.
struct JobPaths {
  std::vector<FileReference> data;     // read
  std::vector<FileReference> weights;  // read; training may write them again
  std::vector<FileReference> outputs;  // written
  bool trains = false;
};

// Reports outputs that would destroy what the job reads, or that need the place of another as a
// folder, and warns of two that have the same path.
void CheckPathConflicts(const JobPaths& paths, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PATH_CONFLICTS_H_
