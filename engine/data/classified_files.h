#ifndef KUR_ENGINE_DATA_CLASSIFIED_FILES_H_
#define KUR_ENGINE_DATA_CLASSIFIED_FILES_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/byte_input.h"

namespace kur {

// Files of which each is one sample, and their classes.
struct ClassifiedFiles {
  std::vector<std::string> files;
  // Of the labels 0, 1, ...; empty: nothing is known of the files' classes.
  std::vector<std::string> classes;
  std::vector<int64_t> labels;  // of each file, an index into `classes`
};

// The paths, relative to `folder`, of all files in and below it whose names are `wanted`. Links to
// folders are not followed. INVALID_ARGUMENT for more than 100,000 folders.
absl::StatusOr<std::set<std::string>> ListFilesBelow(
    const std::string& folder, const std::function<bool(const std::string&)>& wanted);

// The class of each file is the name of the folder in which it lies. The classes are `classes` or,
// where that is empty, the names of all such folders, sorted; files of other classes are left out.
// INVALID_ARGUMENT if a file lies in no folder, or none in that of a class that is listed; `what`
// is what a file is in the message: "recording", "image".
absl::StatusOr<ClassifiedFiles> ClassifyByFolder(const std::set<std::string>& files,
                                                 const std::vector<std::string>& classes,
                                                 absl::string_view what);

// Where a table names files and their classes.
struct FileTable {
  bool is_json = false;  // a JSON dictionary on every line; otherwise CSV with a header
  std::string file_column = "file";
  std::string label_column = "label";
  // Otherwise the files have no classes if there is no such column.
  bool label_required = false;
};

// The files that a table names, in its order, with their classes: `classes` or, where that is
// empty, all labels, sorted (as numbers if they all are). Rows with other labels are left out.
// INVALID_ARGUMENT, naming the table (`name`) and the line, for a column that is not there, an
// empty cell or what is no table; and if no row has a label that is listed.
absl::StatusOr<ClassifiedFiles> ReadFileTable(ByteInput& input, absl::string_view name,
                                              const FileTable& table,
                                              const std::vector<std::string>& classes);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_CLASSIFIED_FILES_H_
