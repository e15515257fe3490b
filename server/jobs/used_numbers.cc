#include "server/jobs/used_numbers.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

// Returns the number at the end of a job's name; 0 if it has none that a job can have.
int64_t NumberOf(const std::string& name) {
  constexpr int64_t kMost = int64_t{1} << 53;
  int64_t number = 0;
  const size_t dash = name.rfind('-');
  const bool valid = dash != std::string::npos && absl::SimpleAtoi(name.substr(dash + 1), &number);
  return valid && number > 0 && number < kMost ? number : 0;
}

}  // namespace

absl::Status SkipUsedNumbers(const JobEnvironment& environment) {
  KUR_ASSIGN_OR_RETURN(const int64_t last, environment.store->LastNumber());
  const auto runs = environment.files->ListDirectory(environment.layout->runs());
  if (absl::IsNotFound(runs.status())) return absl::OkStatus();
  KUR_RETURN_IF_ERROR(runs.status());
  int unknown = 0;
  int64_t highest = last;
  for (const std::string& name : *runs) {
    const int64_t number = NumberOf(name);
    unknown += number > last ? 1 : 0;
    highest = std::max(highest, number);
  }
  if (unknown == 0) return absl::OkStatus();
  spdlog::warn(
      "{} has {} jobs that the database does not know, as after it was restored from an older "
      "copy: they stay there, and the numbers of new jobs begin after theirs",
      environment.layout->runs(), unknown);
  return environment.store->SkipNumbers(highest);
}

}  // namespace kur::server
