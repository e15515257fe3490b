#include "engine/value/diagnostics.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

constexpr char kPayloadUrl[] = "kur/diagnostics";
// More would only bury the first ones.
constexpr size_t kMaxReported = 100;

}  // namespace

std::string ToString(Diagnostic::Severity severity) {
  switch (severity) {
    case Diagnostic::Severity::kError:
      return "error";
    case Diagnostic::Severity::kWarning:
      return "warning";
    case Diagnostic::Severity::kNote:
      return "note";
  }
  return "";
}

std::string Diagnostic::ToString() const {
  std::string text = location.ToString();
  absl::StrAppend(&text, text.empty() ? "" : ": ", kur::ToString(severity), ": ");
  if (!path.empty()) absl::StrAppend(&text, path, ": ");
  return text + message;
}

void Diagnostics::Add(Diagnostic diagnostic) {
  const bool is_error = diagnostic.severity == Diagnostic::Severity::kError;
  if (is_error) ++errors_;
  if (all_.size() < kMaxReported) return all_.push_back(std::move(diagnostic));
  if (!is_error) return;
  // An error is worth more than any number of warnings.
  const auto other = std::find_if(all_.rbegin(), all_.rend(), [](const Diagnostic& kept) {
    return kept.severity != Diagnostic::Severity::kError;
  });
  if (other != all_.rend()) *other = std::move(diagnostic);
}

void Diagnostics::Error(Location location, std::string path, std::string message) {
  Add({Diagnostic::Severity::kError, std::move(location), std::move(path), std::move(message)});
}

void Diagnostics::Warning(Location location, std::string path, std::string message) {
  Add({Diagnostic::Severity::kWarning, std::move(location), std::move(path), std::move(message)});
}

void Diagnostics::Note(Location location, std::string path, std::string message) {
  Add({Diagnostic::Severity::kNote, std::move(location), std::move(path), std::move(message)});
}

void Diagnostics::Append(const Diagnostics& other) {
  for (const Diagnostic& diagnostic : other.all_) Add(diagnostic);
  // Count the errors that `other` dropped beyond the maximum.
  int kept = 0;
  for (const Diagnostic& diagnostic : other.all_) {
    if (diagnostic.severity == Diagnostic::Severity::kError) ++kept;
  }
  errors_ += other.errors_ - kept;
}

void Diagnostics::Append(const absl::Status& failure, const Location& location,
                         const std::string& path) {
  const std::vector<Diagnostic> carried = DiagnosticsOf(failure);
  for (const Diagnostic& diagnostic : carried) Add(diagnostic);
  if (carried.empty() && !absl::IsUnavailable(failure)) {
    Error(location, path, std::string(failure.message()));
  }
}

void Diagnostics::Sort() {
  std::map<std::string, size_t> files;  // file name -> position of its first diagnostic
  const auto place = [&](const Diagnostic& diagnostic) {
    const Location& at = diagnostic.location;
    const size_t file = at.file ? files.emplace(*at.file, files.size() + 1).first->second : 0;
    return std::make_tuple(file, at.line, at.column);
  };
  for (const Diagnostic& diagnostic : all_) place(diagnostic);
  std::stable_sort(all_.begin(), all_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
  std::vector<Diagnostic> once;
  for (Diagnostic& diagnostic : all_) {
    const bool is_error = diagnostic.severity == Diagnostic::Severity::kError;
    const bool known = std::any_of(once.rbegin(), once.rend(), [&](const Diagnostic& other) {
      return other.severity == diagnostic.severity && other.path == diagnostic.path &&
             other.message == diagnostic.message && place(other) == place(diagnostic);
    });
    if (!known) once.push_back(std::move(diagnostic));
    if (known && is_error) --errors_;
  }
  all_ = std::move(once);
}

absl::Status Diagnostics::ToStatus() const {
  if (!has_errors()) return absl::OkStatus();
  std::vector<std::string> lines;
  auto payload = nlohmann::json::array();
  for (const Diagnostic& diagnostic : all_) {
    if (diagnostic.severity == Diagnostic::Severity::kError) {
      lines.push_back(diagnostic.ToString());
    }
    payload.push_back({{"severity", ToString(diagnostic.severity)},
                       {"file", diagnostic.location.file ? *diagnostic.location.file : ""},
                       {"line", diagnostic.location.line},
                       {"column", diagnostic.location.column},
                       {"path", diagnostic.path},
                       {"message", diagnostic.message}});
  }
  const int unreported = errors_ - static_cast<int>(lines.size());
  if (unreported > 0) lines.push_back(absl::StrCat("and ", unreported, " more errors"));
  absl::Status status = absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
  status.SetPayload(kPayloadUrl, absl::Cord(payload.dump(
                                     -1, ' ', false, nlohmann::json::error_handler_t::replace)));
  return status;
}

std::vector<Diagnostic> DiagnosticsOf(const absl::Status& status) {
  std::vector<Diagnostic> diagnostics;
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return diagnostics;
  for (const auto& entry : nlohmann::json::parse(std::string(*payload))) {
    Diagnostic diagnostic;
    if (entry["severity"] == "warning") diagnostic.severity = Diagnostic::Severity::kWarning;
    if (entry["severity"] == "note") diagnostic.severity = Diagnostic::Severity::kNote;
    if (const std::string file = entry["file"]; !file.empty()) {
      diagnostic.location = {std::make_shared<const std::string>(file), entry["line"],
                             entry["column"]};
    }
    diagnostic.path = entry["path"];
    diagnostic.message = entry["message"];
    diagnostics.push_back(std::move(diagnostic));
  }
  return diagnostics;
}

absl::Status ErrorAt(Location location, std::string path, std::string message) {
  Diagnostics diagnostics;
  diagnostics.Error(std::move(location), std::move(path), std::move(message));
  return diagnostics.ToStatus();
}

}  // namespace kur
