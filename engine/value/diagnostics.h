#ifndef KUR_ENGINE_VALUE_DIAGNOSTICS_H_
#define KUR_ENGINE_VALUE_DIAGNOSTICS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/location.h"

namespace kur {

// A problem in a Kurfile, something in it that is surely not meant, or a note that it gives.
struct Diagnostic {
  enum class Severity { kError, kWarning, kNote };

  Severity severity = Severity::kError;
  Location location;
  // The path of the key in the evaluated Kurfile, as in "model[3].dense.size"; may be empty.
  std::string path;
  // What is wrong and, if known, what to do about it. One sentence without a full stop.
  std::string message;

  // Returns "cifar.yml:12:5: error: model[3].dense.size: expected an integer, got "ten"".
  std::string ToString() const;
};

// Returns "error", "warning" or "note".
std::string ToString(Diagnostic::Severity severity);

// Collects diagnostics, so that a person sees all problems at once. Not thread-safe.
class Diagnostics {
 public:
  void Error(Location location, std::string path, std::string message);
  void Warning(Location location, std::string path, std::string message);
  void Note(Location location, std::string path, std::string message);
  // Adds all diagnostics of `other`.
  void Append(const Diagnostics& other);
  // Adds the diagnostics that `failure` carries. A failure without diagnostics becomes an error at
  // `location` and `path`, unless it is UNAVAILABLE: such a failure follows from an earlier error.
  void Append(const absl::Status& failure, const Location& location, const std::string& path);
  // Sorts the diagnostics of each file by line and column, and drops duplicates.
  void Sort();

  bool has_errors() const { return errors_ > 0; }
  int num_errors() const { return errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }

  // Returns OK if there are no errors. Else returns INVALID_ARGUMENT, whose message has one line
  // for each error and which carries all diagnostics for DiagnosticsOf().
  absl::Status ToStatus() const;

 private:
  void Add(Diagnostic diagnostic);

  std::vector<Diagnostic> all_;
  int errors_ = 0;
};

// Returns the diagnostics that a status of Diagnostics::ToStatus() carries; none for any other
// status.
std::vector<Diagnostic> DiagnosticsOf(const absl::Status& status);

// Returns INVALID_ARGUMENT with one error, as Diagnostics::ToStatus().
absl::Status ErrorAt(Location location, std::string path, std::string message);

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_DIAGNOSTICS_H_
