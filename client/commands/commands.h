#ifndef KUR_CLIENT_COMMANDS_COMMANDS_H_
#define KUR_CLIENT_COMMANDS_COMMANDS_H_

#include <memory>

#include "client/commands/command.h"

namespace kur::client {

// Create the commands, each in the file of its name.
std::unique_ptr<Command> MakeCancelCommand();
std::unique_ptr<Command> MakeCheckpointCommand();
std::unique_ptr<Command> MakeCheckpointsCommand();
std::unique_ptr<Command> MakeCompletionCommand();
std::unique_ptr<Command> MakeDataCommand();
std::unique_ptr<Command> MakeDescribeCommand();
std::unique_ptr<Command> MakeDevicesCommand();
std::unique_ptr<Command> MakeDiffCommand();
std::unique_ptr<Command> MakeDownCommand();
std::unique_ptr<Command> MakeDownloadCommand();
std::unique_ptr<Command> MakeDumpCommand();
std::unique_ptr<Command> MakeEventsCommand();
std::unique_ptr<Command> MakeExplainCommand();
std::unique_ptr<Command> MakeFmtCommand();
std::unique_ptr<Command> MakeListCommand();
std::unique_ptr<Command> MakeLogsCommand();
std::unique_ptr<Command> MakePlanCommand();
std::unique_ptr<Command> MakeSchemaCommand();
std::unique_ptr<Command> MakeSecretCommand();
std::unique_ptr<Command> MakeSubmitCommand();
std::unique_ptr<Command> MakeUpCommand();
std::unique_ptr<Command> MakeValidateCommand();
std::unique_ptr<Command> MakeVersionCommand();
std::unique_ptr<Command> MakeWaitCommand();
std::unique_ptr<Command> MakeWatchCommand();

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMANDS_COMMANDS_H_
