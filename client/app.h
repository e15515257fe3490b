#ifndef KUR_CLIENT_APP_H_
#define KUR_CLIENT_APP_H_

#include <string>
#include <vector>

#include "client/context.h"
#include "client/exit_code.h"

namespace kur::client {

// Runs kurctl with these words of the command line (without the program's name): finds the command,
// runs it and reports what went wrong on context.err.
ExitCode RunKurctl(const std::vector<std::string>& words, Context& context);

}  // namespace kur::client

#endif  // KUR_CLIENT_APP_H_
