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

// The classes that a Kurfile lists; none: all that the files have, sorted by SortClasses().
struct ListedClasses {
  std::vector<std::string> names;
  // Whether a class without a file is no error.
  bool may_lack_files = false;
  // Whether files that all lie outside any folder have no classes, rather than that this is an
  // error.
  bool may_be_unknown = false;
};

// Whether a path is that of a file, or of a file in a folder, that programs keep for themselves:
// its name begins with a dot, or is one that Windows or macOS give.
bool IsHiddenPath(absl::string_view path);

// The files of a data set that are of no use for it.
class OtherFiles {
 public:
  void Add(const std::string& path);
  // Returns "3 other files are left out: a.gif, b.txt, c.txt"; empty if there are none.
  std::string Describe() const;

 private:
  int64_t count_ = 0;
  std::vector<std::string> examples_;
};

// Returns the paths, relative to `folder`, of all files in and below it whose base name `wanted`
// accepts and that are not hidden; adds the others that are not hidden to `others`. Links to
// folders are not followed. Returns INVALID_ARGUMENT for more than 100,000 folders.
absl::StatusOr<std::set<std::string>> ListFilesBelow(
    const std::string& folder, const std::function<bool(const std::string&)>& wanted,
    OtherFiles* others);

// Gives each file the name of its folder as its class. Files of classes that are not listed are
// left out. Returns INVALID_ARGUMENT if a file lies outside any folder and must not, or if a listed
// class lacks files and must not. `what` names a file's content in messages: "recording", "image".
absl::StatusOr<ClassifiedFiles> ClassifyByFolder(const std::set<std::string>& files,
                                                 const ListedClasses& classes,
                                                 absl::string_view what);

// The format of a table of files and their classes.
struct FileTableOptions {
  bool is_json = false;  // a JSON dictionary on every line; otherwise CSV with a header
  std::string file_column = "file";
  std::string label_column = "label";
  // Whether a table without the label column is an error. Otherwise its files have no classes.
  bool label_required = false;
};

// Reads a table of files with their classes; the files stay in the table's order. Rows with labels
// that are not listed are left out. Returns INVALID_ARGUMENT, naming the table (`name`) and the
// line, for a missing column, an empty cell or a malformed table, and if a listed class lacks files
// and must not.
absl::StatusOr<ClassifiedFiles> ReadFileTable(ByteInput& input, absl::string_view name,
                                              const FileTableOptions& table,
                                              const ListedClasses& classes);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_CLASSIFIED_FILES_H_
