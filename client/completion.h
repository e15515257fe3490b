#ifndef KUR_CLIENT_COMPLETION_H_
#define KUR_CLIENT_COMPLETION_H_

#include <string>
#include <vector>

#include "client/command_line.h"
#include "client/context.h"

namespace kur::client {

// What the last of `words`, which is being typed behind `kurctl`, may become: commands, flags, the
// choices of a flag, names of jobs, keys for `explain`. Empty where a file is meant, or where
// nothing is known; a server that does not answer is no error.
std::vector<std::string> Complete(const std::vector<std::string>& words,
                                  const std::vector<ListedCommand>& commands, Context& context);

}  // namespace kur::client

#endif  // KUR_CLIENT_COMPLETION_H_
