#ifndef KUR_ENGINE_FORMATS_IDX_H_
#define KUR_ENGINE_FORMATS_IDX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"

namespace kur {

// IDX, the format of MNIST: two zero bytes, a byte for the type, a byte for the number of axes, the
// extents as big-endian uint32, then the elements in row-major order, big-endian.
//
//   0x08 uint8   0x09 int8   0x0B int16   0x0C int32   0x0D float32   0x0E float64

// Reads a file, plain or gzip-compressed (detected by its first bytes). Memory is bounded by what
// the file really holds, not by its header. DATA_LOSS names the file, the offset in the
// uncompressed data and what was expected there.
absl::StatusOr<Array> ReadIdx(const std::string& path);

// Parses a file in memory. Messages call the file `name`.
absl::StatusOr<Array> ParseIdx(absl::string_view data, absl::string_view name);

// Formats an array as a file. INVALID_ARGUMENT for a type that IDX lacks, more than 255 axes, or an
// extent over 2^32-1.
absl::StatusOr<std::string> FormatIdx(const Array& array);

// Appends rows to a file along the first axis; creates a missing file. Writes the row count in the
// header after the rows, so that a concurrent reader, or a reader after a crash, sees whole rows.
// Not durable until the file is synced by other means. FAILED_PRECONDITION if the file holds
// another type or rows of another shape.
absl::Status AppendIdx(const std::string& path, const Array& rows);

// The number of rows by the header of a file and by its size. They differ after an append that a
// crash cut short.
struct IdxRows {
  int64_t counted = 0;    // the first extent in the header
  int64_t present = 0;    // whole rows in the file, at most `counted`
  bool trailing = false;  // bytes follow the last whole row that the header counts
};
absl::StatusOr<IdxRows> CountIdxRows(const std::string& path);

// Truncates a file to its first `rows` rows. Precondition: the file holds that many.
absl::Status TruncateIdx(const std::string& path, int64_t rows);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_IDX_H_
