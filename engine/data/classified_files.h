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

// Files, each of which is one sample, and their classes.
struct ClassifiedFiles {
  std::vector<std::string> files;
  // The names of the classes; empty: the files have no classes, and `labels` is empty, too.
  std::vector<std::string> classes;
  std::vector<int64_t> labels;  // for each file an index into `classes`
};

// Returns the paths, relative to `folder`, of all files in and below it whose base name `wanted`
// accepts. Links to folders are not followed. Returns INVALID_ARGUMENT for more than 100,000
// folders.
absl::StatusOr<std::set<std::string>> ListFilesBelow(
    const std::string& folder, const std::function<bool(const std::string&)>& wanted);

// Gives each file the name of its folder as its class. With `classes`, files of other classes are
// left out; if it is empty, the classes are the names of all folders, sorted. Returns
// INVALID_ARGUMENT if a file lies outside any folder, or if a class in `classes` has no file.
// `what` names a file's content in messages: "recording", "image".
absl::StatusOr<ClassifiedFiles> ClassifyByFolder(const std::set<std::string>& files,
                                                 const std::vector<std::string>& classes,
                                                 absl::string_view what);

// The format of a table of files and their classes.
struct FileTableOptions {
  bool is_json = false;  // a JSON dictionary on every line; otherwise CSV with a header
  std::string file_column = "file";
  std::string label_column = "label";
  // Whether a table without the label column is an error. Otherwise its files have no classes.
  bool label_required = false;
};

// Reads a table of files with their classes; the files stay in the table's order. With `classes`,
// rows with other labels are left out; if it is empty, the classes are all labels, sorted (as
// numbers if all are integers). Returns INVALID_ARGUMENT, naming the table (`name`) and the line,
// for a missing column, an empty cell or a malformed table, and if a class in `classes` has no row.
absl::StatusOr<ClassifiedFiles> ReadFileTable(ByteInput& input, absl::string_view name,
                                              const FileTableOptions& table,
                                              const std::vector<std::string>& classes);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_CLASSIFIED_FILES_H_
