#ifndef KUR_CLIENT_OUTPUT_TABLE_H_
#define KUR_CLIENT_OUTPUT_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "client/output/terminal.h"

namespace kur::client {

// Renders a table for people: a line of titles and a line for each row, columns two spaces apart.
// Cuts the last column on a terminal that is too narrow. Not thread-safe.
class Table {
 public:
  enum class Align { kLeft, kRight };

  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  struct Cell {
    Cell(std::string text, Style style = Style::kPlain)  // NOLINT: a row reads as a list of texts
        : text(std::move(text)), style(style) {}
    Cell(const char* text, Style style = Style::kPlain)  // NOLINT: likewise
        : text(text), style(style) {}
    std::string text;  // an empty text is shown as "-"
    Style style;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Adds a row, which must have a cell for each column. Makes the texts printable.
  void Add(std::vector<Cell> row);

  bool empty() const { return rows_.empty(); }

  std::string Render(const Terminal& terminal) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_TABLE_H_
