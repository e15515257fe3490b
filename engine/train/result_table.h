#ifndef KUR_ENGINE_TRAIN_RESULT_TABLE_H_
#define KUR_ENGINE_TRAIN_RESULT_TABLE_H_

#include <string>

#include "absl/status/statusor.h"
#include "engine/train/results.h"

namespace kur {

// Formats predictions as a table of a row for each sample, CSV or JSON lines. The columns:
// - "sample", if samples have names, and what is carried through, as text;
// - NAME, an output; of several numbers "NAME[3]" each, in JSON lines one list. Steps of padding
// are
//   left out;
// - of an output whose elements stand for classes "NAME[CLASS]" (a dictionary in JSON lines), "NAME
//   class" and "NAME probability", those of the likeliest;
// - "NAME length" and "NAME text", if they are known;
// - "NAME expected", the truth: the name of the class, or numbers.
// An output that hands a column of the data through shows that column's text.
absl::StatusOr<std::string> FormatCsvTable(const Predictions& predictions);
absl::StatusOr<std::string> FormatJsonTable(const Predictions& predictions);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_RESULT_TABLE_H_
