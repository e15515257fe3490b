#ifndef KUR_ENGINE_VALUE_DIAGNOSTICS_H_
#define KUR_ENGINE_VALUE_DIAGNOSTICS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/location.h"

namespace kur {

// Something that is wrong (or surely not meant) in a Kurfile, or that it says of itself.
struct Diagnostic {
  enum class Severity { kError, kWarning, kNote };

  Severity severity = Severity::kError;
  Location location;
  // The path of the key in the evaluated Kurfile, as in "model[3].dense.size"; may be empty.
  std::string path;
  // What is wrong and, where that is known, what to do. One sentence, no full stop.
  std::string message;

  // "cifar.yml:12:5: error: model[3].dense.size: expected an integer, got "ten"".
  std::string ToString() const;
};

// "error", "warning" or "note".
std::string ToString(Diagnostic::Severity severity);

// Collects what is wrong, so that a person sees everything in one go. Not thread-safe.
class Diagnostics {
 public:
  void Error(Location location, std::string path, std::string message);
  void Warning(Location location, std::string path, std::string message);
  void Note(Location location, std::string path, std::string message);
  // Takes over what another has collected.
  void Append(const Diagnostics& other);
  // Takes over those that a failure carries; of a failure without any, its message. UNAVAILABLE
  // without any says nothing: it follows from what was reported before.
  void Append(const absl::Status& failure, const Location& location, const std::string& path);
  // Puts them into the order in which they stand in each file, and keeps one of those that are
  // alike.
  void Sort();

  bool has_errors() const { return errors_ > 0; }
  int num_errors() const { return errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }

  // OK without errors; else INVALID_ARGUMENT whose message is every error on a line of its own and
  // which carries the diagnostics for DiagnosticsOf().
  absl::Status ToStatus() const;

 private:
  void Add(Diagnostic diagnostic);

  std::vector<Diagnostic> all_;
  int errors_ = 0;
};

// The diagnostics that a status from Diagnostics::ToStatus() carries; empty for any other status.
std::vector<Diagnostic> DiagnosticsOf(const absl::Status& status);

// INVALID_ARGUMENT for one error at a known place.
absl::Status ErrorAt(Location location, std::string path, std::string message);

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_DIAGNOSTICS_H_
