#ifndef KUR_TESTS_FUZZ_FUZZING_H_
#define KUR_TESTS_FUZZ_FUZZING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "engine/base/file_system.h"
#include "engine/base/utf8.h"
#include "tests/testing/temporary_directory.h"

// What the fuzz targets share.
namespace kur::fuzz {

inline absl::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the process, and so the run, if what must hold does not.
inline void Require(bool holds) {
  if (!holds) __builtin_trap();
}

// Requires that a refusal blames what was read, and says why, at no greater length than is of use.
inline void RequireRefusal(const absl::Status& status) {
  constexpr size_t kMostBytes = 256 << 10;
  Require(!status.ok() && !absl::IsInternal(status) && !absl::IsUnknown(status));
  Require(!status.message().empty() && status.message().size() <= kMostBytes);
}

// Requires besides that the refusal can be sent as it is: a worker makes texts valid when it sends
// them, kurd and kurd-evaluator do not.
inline void RequireSendableRefusal(const absl::Status& status) {
  RequireRefusal(status);
  Require(IsUtf8(status.message()));
}

// Writes an input as files into a folder: parts that begin with "---- ", the name of a file without
// any folder, and a line end.
inline void WriteFiles(absl::string_view input, const TemporaryDirectory& folder) {
  for (const absl::string_view part : absl::StrSplit(input, "---- ", absl::SkipEmpty())) {
    const std::vector<absl::string_view> halves = absl::StrSplit(part, absl::MaxSplits('\n', 1));
    const std::string name(halves[0].substr(0, 64));
    const bool is_name = !name.empty() && name.find_first_of(std::string("/\0", 2)) == name.npos &&
                         name != "." && name != "..";
    if (is_name) folder.Write(name, std::string(halves.size() > 1 ? halves[1] : ""));
  }
}

}  // namespace kur::fuzz

#endif  // KUR_TESTS_FUZZ_FUZZING_H_
