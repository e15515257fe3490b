#ifndef KUR_CLIENT_SECRET_INPUT_H_
#define KUR_CLIENT_SECRET_INPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/output/terminal.h"

namespace kur::client {

// Reads a secret from the open file `fd`: from a terminal one line, which it does not show, after
// writing `prompt` to `err`; from anything else all of it, without the line end at its end.
// CANCELLED if a person has pressed Ctrl-C. The caller wipes the text.
absl::StatusOr<std::string> ReadSecret(int fd, const std::string& prompt, Terminal& err);

}  // namespace kur::client

#endif  // KUR_CLIENT_SECRET_INPUT_H_
