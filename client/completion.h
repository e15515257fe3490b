#ifndef KUR_CLIENT_COMPLETION_H_
#define KUR_CLIENT_COMPLETION_H_

#include <string>
#include <vector>

#include "client/command_line.h"
#include "client/context.h"

namespace kur::client {

// Returns the completions of the last of `words`, which stand behind `kurctl` on a command line:
// commands, flags, values of a flag, names of jobs, keys for `explain`. Returns nothing where the
// shell should complete file names. Ignores a server that does not answer.
std::vector<std::string> Complete(const std::vector<std::string>& words,
                                  const std::vector<ListedCommand>& commands, Context& context);

}  // namespace kur::client

#endif  // KUR_CLIENT_COMPLETION_H_
