#ifndef KUR_CLIENT_OUTPUT_DIAGNOSTICS_H_
#define KUR_CLIENT_OUTPUT_DIAGNOSTICS_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/output/terminal.h"
#include "engine/value/diagnostics.h"

namespace kur::client {

// Shows what is wrong in Kurfiles the way compilers do:
//
//   cifar.yml:12:12: error: model[3].dense.size: expected an integer, got "ten"
//      12 |     dense: ten
//         |            ^~~
//
// Columns count bytes from 1. Lines that do not fit are cut around the place. Not thread-safe.
class DiagnosticPrinter {
 public:
  // Gives the content of a file that a diagnostic names, or nothing if it cannot be read; then only
  // the message is shown.
  using Reader = std::function<std::optional<std::string>(const std::string& file)>;

  DiagnosticPrinter(const Terminal& terminal, Reader reader)
      : terminal_(terminal), reader_(std::move(reader)) {}

  // Reads files relative to the current folder.
  static std::optional<std::string> ReadLocalFile(const std::string& file);

  std::string Render(const Diagnostic& diagnostic);

  // All of them and, at the end, how many there are: "2 errors, 1 warning".
  std::string RenderAll(const std::vector<Diagnostic>& diagnostics);

 private:
  std::string RenderSource(const Location& location);
  // The line, or null if the file has no such line.
  const std::string* LineOf(const Location& location);

  const Terminal& terminal_;
  const Reader reader_;
  std::map<std::string, std::vector<std::string>> lines_;  // of the files read so far
};

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_DIAGNOSTICS_H_
