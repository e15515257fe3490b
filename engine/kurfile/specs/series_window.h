#ifndef KUR_ENGINE_KURFILE_SPECS_SERIES_WINDOW_H_
#define KUR_ENGINE_KURFILE_SPECS_SERIES_WINDOW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// `window`: makes samples of a series, whose rows follow one another: each sample is a run of rows,
// and what is to be told of it lies behind.
struct SeriesWindow {
  int64_t length = 0;                // rows
  int64_t stride = 1;                // rows from one window to the next
  int64_t ahead = 1;                 // rows from the last of a window to the row of its targets
  std::vector<std::string> targets;  // the sources that are taken from that row
  // The column that tells the series apart that follow one another in the rows; absent: all are
  // one.
  std::optional<std::string> series;

  bool IsTarget(const std::string& source) const;
  // Returns how many rows a window takes, that of targets included if there are any.
  int64_t RowsNeeded(bool has_targets) const { return length + (has_targets ? ahead : 0); }
};

template <>
struct FieldTraits<SeriesWindow> {
  static std::string Type() { return "dictionary"; }
  static Value Schema() { return TypeSchema("object"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    SeriesWindow* to);
  static std::string Format(const SeriesWindow&) { return ""; }
};

// Returns the keys of `window`.
KeyTable WindowKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SERIES_WINDOW_H_
