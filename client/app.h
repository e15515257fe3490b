#ifndef KUR_CLIENT_APP_H_
#define KUR_CLIENT_APP_H_

#include <string>
#include <vector>

#include "client/context.h"
#include "client/exit_code.h"

namespace kur::client {

// Parses the command line `words` (without the program's name) and runs the command. Reports errors
// on context.err. Returns the exit code of the process.
ExitCode RunKurctl(const std::vector<std::string>& words, Context& context);

}  // namespace kur::client

#endif  // KUR_CLIENT_APP_H_
