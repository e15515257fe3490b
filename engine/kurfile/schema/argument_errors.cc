#include "engine/kurfile/schema/argument_errors.h"

#include <algorithm>
#include <string>

#include "absl/strings/string_view.h"

namespace kur {
namespace {

// Removes the suggestion at the end of a message, which depends on the names in scope.
absl::string_view RemoveSuggestion(const std::string& message) {
  return absl::string_view(message).substr(0, message.find("; did you mean"));
}

}  // namespace

void AppendTemplateErrors(const Diagnostics& inside, const Diagnostics& failures,
                          Diagnostics* diagnostics) {
  if (!inside.has_errors() || !failures.has_errors()) return diagnostics->Append(inside);
  const auto is_echo = [&](const Diagnostic& error) {
    return std::any_of(
        failures.all().begin(), failures.all().end(), [&](const Diagnostic& failure) {
          return RemoveSuggestion(failure.message) == RemoveSuggestion(error.message);
        });
  };
  for (const Diagnostic& diagnostic : inside.all()) {
    const auto& [severity, location, path, message] = diagnostic;
    if (severity == Diagnostic::Severity::kWarning) diagnostics->Warning(location, path, message);
    if (severity == Diagnostic::Severity::kNote) diagnostics->Note(location, path, message);
    if (severity == Diagnostic::Severity::kError && !is_echo(diagnostic)) {
      diagnostics->Error(location, path, message);
    }
  }
  diagnostics->Append(failures);
}

}  // namespace kur
