#include "server/jobs/pending_commands.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace kur::server {
namespace {

// What a worker may be behind with: each command is written to the database with the job.
constexpr int kMostPendingCommands = 32;

}  // namespace

absl::Status AddCheckpointCommand(PendingCommands* commands) {
  if (commands->commands_size() >= kMostPendingCommands) {
    return absl::ResourceExhaustedError(absl::StrCat("the job has ", kMostPendingCommands,
                                                     " checkpoints still to write; wait for them"));
  }
  commands->set_last_id(commands->last_id() + 1);
  v1::Command& command = *commands->add_commands();
  command.set_id(commands->last_id());
  command.mutable_write_checkpoint();
  return absl::OkStatus();
}

void DropDoneCommands(int64_t done, PendingCommands* commands) {
  auto& pending = *commands->mutable_commands();
  pending.erase(std::remove_if(pending.begin(), pending.end(),
                               [done](const v1::Command& c) { return c.id() <= done; }),
                pending.end());
}

}  // namespace kur::server
