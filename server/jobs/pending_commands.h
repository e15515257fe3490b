#ifndef KUR_SERVER_JOBS_PENDING_COMMANDS_H_
#define KUR_SERVER_JOBS_PENDING_COMMANDS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "server/store/job_record.pb.h"

namespace kur::server {

// Adds the command to write a checkpoint. RESOURCE_EXHAUSTED if the worker is behind with too many.
absl::Status AddCheckpointCommand(PendingCommands* commands);

// Forgets the commands up to the number `done`: a worker does them in the order of their numbers.
void DropDoneCommands(int64_t done, PendingCommands* commands);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_PENDING_COMMANDS_H_
