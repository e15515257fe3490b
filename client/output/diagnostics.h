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

// Renders diagnostics of Kurfiles as compilers do:
//
//   cifar.yml:12:12: error: model[3].dense.size: expected an integer, got "ten"
//      12 |     dense: ten
//         |            ^~~
//
// Columns count bytes from 1. A line that does not fit is cut around the marked place. Not
// thread-safe.
class DiagnosticPrinter {
 public:
  // Returns the content of a file that a diagnostic names, or nothing if the file cannot be read.
  // In that case only the message is rendered.
  using Reader = std::function<std::optional<std::string>(const std::string& file)>;

  DiagnosticPrinter(const Terminal& terminal, Reader reader)
      : terminal_(terminal), reader_(std::move(reader)) {}

  // Reads a file relative to the current folder.
  static std::optional<std::string> ReadLocalFile(const std::string& file);

  std::string Render(const Diagnostic& diagnostic);

  // Renders all diagnostics and, at the end, their number: "2 errors, 1 warning".
  std::string RenderAll(const std::vector<Diagnostic>& diagnostics);

 private:
  std::string RenderSource(const Location& location);
  // Returns the line, or null if the file has no such line.
  const std::string* LineOf(const Location& location);

  const Terminal& terminal_;
  const Reader reader_;
  std::map<std::string, std::vector<std::string>> lines_;  // by file; a cache
};

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_DIAGNOSTICS_H_
