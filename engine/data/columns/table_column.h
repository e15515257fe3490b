#ifndef KUR_ENGINE_DATA_COLUMNS_TABLE_COLUMN_H_
#define KUR_ENGINE_DATA_COLUMNS_TABLE_COLUMN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/source.h"

namespace kur {

// Where the rows of a table are in its file. Takes no memory for rows that follow one another, line
// by line. Not thread-safe while rows are added.
class RowPlaces {
 public:
  // `file` is the file's name for messages.
  explicit RowPlaces(std::string file) : file_(std::move(file)) {}

  // Adds the row at `line`, from 1, which is greater than that of the row before.
  void Add(int64_t line);
  // Returns the place of a row: "points.csv:17".
  std::string NameOf(int64_t row) const;

 private:
  // The rows that do not follow the one before at once.
  struct Start {
    int64_t row;
    int64_t line;
  };

  std::string file_;
  std::vector<Start> starts_;
  int64_t rows_ = 0;
  int64_t last_line_ = 0;
};

// Returns a column in which the value i stands for texts[i], which are all different; the numbers
// become those of SortClasses(). Without texts, the column as it is.
absl::StatusOr<std::shared_ptr<const Source>> WithTexts(std::shared_ptr<const Source> column,
                                                        std::vector<std::string> texts);

// Returns a column with the texts of its values, one for each.
std::shared_ptr<const Source> KeepingTexts(std::shared_ptr<const Source> column,
                                           std::vector<std::string> texts);

// Returns `values`, a column of a table, with the places of its rows, and WithTexts().
absl::StatusOr<std::shared_ptr<const Source>> MakeTableColumn(
    std::shared_ptr<const Source> values, std::shared_ptr<const RowPlaces> places,
    std::vector<std::string> texts);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_TABLE_COLUMN_H_
