#include "engine/data/classified_files.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/data/columns/unicode_text.h"
#include "engine/data/encoding.h"
#include "engine/formats/csv_rows.h"
#include "engine/formats/json_lines.h"

namespace kur {
namespace {

constexpr int kMaxFolders = 100'000;
constexpr char kNoFolder[] = ".";

// Collects the wanted files of a folder and of the folders below it.
class FileLister {
 public:
  FileLister(const std::function<bool(const std::string&)>& wanted, OtherFiles* others)
      : wanted_(wanted), others_(*others) {}

  absl::Status Add(const std::string& folder, const std::string& relative) {
    if (++folders_ > kMaxFolders) {
      return absl::InvalidArgumentError(absl::StrCat("has more than ", kMaxFolders, " folders"));
    }
    KUR_ASSIGN_OR_RETURN(const auto entries, FilesWithoutLinks().ListDirectory(folder));
    for (const std::string& entry : entries) {
      if (IsHiddenPath(entry)) continue;
      const std::string inner = JoinPath(folder, entry);
      const std::string path = JoinPath(relative, entry);
      std::error_code error;
      if (!IsDirectory(inner)) {
        if (wanted_(entry)) {
          files_.insert(path);
        } else {
          others_.Add(path);
        }
      } else if (!std::filesystem::is_symlink(inner, error)) {
        KUR_RETURN_IF_ERROR(Add(inner, path));
      }
    }
    return absl::OkStatus();
  }

  std::set<std::string> TakeFiles() { return std::move(files_); }

 private:
  const std::function<bool(const std::string&)>& wanted_;
  OtherFiles& others_;
  int folders_ = 0;
  std::set<std::string> files_;
};

// Files, and the name of each file's class.
struct NamedFiles {
  std::vector<std::string> files;
  std::vector<std::string> names;
};

// Numbers the classes and labels the files. `what` precedes the name of a class in the message that
// the class has no files.
absl::StatusOr<ClassifiedFiles> Classify(NamedFiles named, const ListedClasses& classes,
                                         absl::string_view what) {
  const std::set<std::string> names(named.names.begin(), named.names.end());
  ClassifiedFiles classified;
  classified.classes = classes.names.empty() ? SortClasses(names) : classes.names;
  std::map<std::string, int64_t> numbers;
  for (const std::string& name : classified.classes) {
    if (names.count(name) == 0 && !classes.may_lack_files) {
      return absl::InvalidArgumentError(absl::StrCat(
          "there are no ", what, " '", name, "'", DidYouMean(name, {names.begin(), names.end()})));
    }
    numbers.emplace(name, static_cast<int64_t>(numbers.size()));
  }
  for (size_t i = 0; i < named.files.size(); ++i) {
    const auto number = numbers.find(named.names[i]);
    if (number == numbers.end()) continue;
    classified.files.push_back(std::move(named.files[i]));
    classified.labels.push_back(number->second);
  }
  return classified;
}

// Collects the rows of a table, of either format.
class TableBuilder {
 public:
  explicit TableBuilder(const FileTableOptions& table) : table_(table) {}

  // Adds a row by its cells in the two columns. Absent: the row has no such column.
  absl::Status AddRow(std::optional<std::string> file, std::optional<std::string> label) {
    if (!file.has_value() || file->empty()) return MissingCell(table_.file_column);
    const bool first = named_.files.empty();
    if (first) has_labels_ = label.has_value() || table_.label_required;
    if (has_labels_ && (!label.has_value() || label->empty()))
      return MissingCell(table_.label_column);
    named_.files.push_back(*std::move(file));
    if (has_labels_) named_.names.push_back(*std::move(label));
    return absl::OkStatus();
  }

  absl::StatusOr<ClassifiedFiles> Finish(const ListedClasses& classes) && {
    if (named_.files.empty()) return absl::InvalidArgumentError("the table has no rows");
    if (has_labels_) return Classify(std::move(named_), classes, "rows with the label");
    if (!classes.names.empty() && !classes.may_lack_files) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no column '", table_.label_column, "' to tell the classes"));
    }
    ClassifiedFiles files;
    files.files = std::move(named_.files);
    return files;
  }

 private:
  static absl::Status MissingCell(const std::string& column) {
    return absl::InvalidArgumentError(absl::StrCat("the row has nothing in column '", column, "'"));
  }

  const FileTableOptions& table_;
  bool has_labels_ = false;
  NamedFiles named_;
};

// The positions of the two columns in a CSV table.
struct ColumnPositions {
  size_t file = 0;
  std::optional<size_t> label;
};

std::vector<std::string> Cells(CsvRow row) {
  std::vector<std::string> cells;
  absl::string_view cell;
  while (row.Next(&cell) == CsvRow::Found::kCell) cells.emplace_back(cell);
  return cells;
}

absl::StatusOr<size_t> FindColumn(const std::vector<std::string>& header, const std::string& name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found != header.end()) return static_cast<size_t>(found - header.begin());
  return absl::InvalidArgumentError(
      absl::StrCat("there is no column '", name, "', only ", absl::StrJoin(header, ", ")));
}

absl::StatusOr<ColumnPositions> FindColumns(const std::vector<std::string>& header,
                                            const FileTableOptions& table) {
  ColumnPositions positions;
  KUR_ASSIGN_OR_RETURN(positions.file, FindColumn(header, table.file_column));
  const auto label = FindColumn(header, table.label_column);
  if (!label.ok() && table.label_required) return label.status();
  if (label.ok()) positions.label = *label;
  return positions;
}

absl::Status ReadCsvTable(CsvRows* rows, const FileTableOptions& table, TableBuilder* builder) {
  KUR_ASSIGN_OR_RETURN(bool more, rows->Next());
  if (!more) return absl::OkStatus();
  const std::vector<std::string> header = Cells(rows->row());
  KUR_ASSIGN_OR_RETURN(const ColumnPositions positions, FindColumns(header, table));
  while (true) {
    KUR_ASSIGN_OR_RETURN(more, rows->Next());
    if (!more) return absl::OkStatus();
    std::vector<std::string> cells = Cells(rows->row());
    if (cells.size() == header.size() + 1 && cells.back().empty()) cells.pop_back();
    if (cells.size() != header.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the row has ", cells.size(), " cells, the header ", header.size()));
    }
    std::optional<std::string> label;
    if (positions.label.has_value()) label = cells[*positions.label];
    KUR_RETURN_IF_ERROR(builder->AddRow(std::move(cells[positions.file]), std::move(label)));
  }
}

// Reads the two columns from a JSON dictionary on every line.
class JsonTable : public JsonLineHandler {
 public:
  JsonTable(const FileTableOptions& table, TableBuilder* builder)
      : table_(table), builder_(*builder) {}

  absl::StatusOr<bool> Key(const std::string& key) override {
    value_ = key == table_.file_column ? &file_ : key == table_.label_column ? &label_ : nullptr;
    return value_ != nullptr;
  }
  absl::Status Number(double value) override { return String(JsonNumberText(value)); }
  absl::Status String(const std::string& value) override {
    *value_ = value;
    return absl::OkStatus();
  }
  absl::Status BeginList(int64_t) override {
    return absl::InvalidArgumentError("the value is a list");
  }
  absl::Status EndList(int64_t) override { return absl::OkStatus(); }
  absl::Status EndLine(int64_t /*line*/) override {
    return builder_.AddRow(std::exchange(file_, std::nullopt), std::exchange(label_, std::nullopt));
  }

 private:
  const FileTableOptions& table_;
  TableBuilder& builder_;
  std::optional<std::string> file_;
  std::optional<std::string> label_;
  std::optional<std::string>* value_ = nullptr;  // the cell of the current key
};

}  // namespace

bool IsHiddenPath(absl::string_view path) {
  for (const absl::string_view name : absl::StrSplit(path, '/')) {
    if (absl::StartsWith(name, ".") && name != "." && name != "..") return true;
    for (const char* kept : {"__MACOSX", "Thumbs.db", "desktop.ini"}) {
      if (absl::EqualsIgnoreCase(name, kept)) return true;
    }
  }
  return false;
}

void OtherFiles::Add(const std::string& path) {
  constexpr size_t kMaxExamples = 3;
  ++count_;
  if (examples_.size() < kMaxExamples) examples_.push_back(path);
}

std::string OtherFiles::Describe() const {
  if (count_ == 0) return "";
  const auto more = count_ - static_cast<int64_t>(examples_.size());
  return absl::StrCat(count_, count_ == 1 ? " other file is" : " other files are",
                      " left out: ", absl::StrJoin(examples_, ", "),
                      more > 0 ? absl::StrCat(" and ", more, " more") : "");
}

absl::StatusOr<std::set<std::string>> ListFilesBelow(
    const std::string& folder, const std::function<bool(const std::string&)>& wanted,
    OtherFiles* others) {
  FileLister lister(wanted, others);
  KUR_RETURN_IF_ERROR(lister.Add(folder, ""));
  return lister.TakeFiles();
}

absl::StatusOr<ClassifiedFiles> ClassifyByFolder(const std::set<std::string>& files,
                                                 const ListedClasses& classes,
                                                 absl::string_view what) {
  const bool is_flat = std::all_of(files.begin(), files.end(), [](const std::string& file) {
    return DirectoryOf(file) == kNoFolder;
  });
  if (is_flat && classes.may_be_unknown) {
    ClassifiedFiles flat;
    flat.files.assign(files.begin(), files.end());
    return flat;
  }
  NamedFiles named;
  for (const std::string& file : files) {
    named.names.push_back(ComposedText(BaseName(DirectoryOf(file))));
    if (named.names.back() == kNoFolder) {
      return absl::InvalidArgumentError(
          absl::StrCat("the ", what, " ", file, " lies in no folder that names its class; put the ",
                       what, "s of each class into a folder of its own"));
    }
    named.files.push_back(file);
  }
  return Classify(std::move(named), classes, absl::StrCat(what, "s in a folder"));
}

absl::StatusOr<ClassifiedFiles> ReadFileTable(ByteInput& input, absl::string_view name,
                                              const FileTableOptions& table,
                                              const ListedClasses& classes) {
  TableBuilder builder(table);
  if (table.is_json) {
    JsonTable json(table, &builder);
    KUR_RETURN_IF_ERROR(ReadJsonLines(input, name, &json));
  } else {
    CsvRows rows(&input, CsvFormat());
    const absl::Status read = ReadCsvTable(&rows, table, &builder);
    if (!read.ok()) return Annotate(read, absl::StrCat(name, ":", rows.line()));
  }
  auto files = std::move(builder).Finish(classes);
  if (!files.ok()) return Annotate(files.status(), name);
  return files;
}

}  // namespace kur
