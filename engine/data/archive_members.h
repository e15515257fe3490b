#ifndef KUR_ENGINE_DATA_ARCHIVE_MEMBERS_H_
#define KUR_ENGINE_DATA_ARCHIVE_MEMBERS_H_

#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "engine/data/classified_files.h"

namespace kur {

// The files of a tar archive that a data set consists of.
struct ArchiveMembers {
  std::map<std::string, std::string> contents;  // by their paths in the archive
  OtherFiles others;
};

// Reads the files of an archive whose path `wanted` accepts and that are not hidden, into memory. A
// link to one of them is such a file, too. Returns the errors of TarReader.
absl::StatusOr<ArchiveMembers> ReadArchiveMembers(
    const std::string& file, const std::function<bool(const std::string&)>& wanted);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_ARCHIVE_MEMBERS_H_
