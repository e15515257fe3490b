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

// Reads a file, plain or compressed by gzip (by its first bytes, whatever its name). Memory is
// bounded by what the file really holds, whatever its header claims. DATA_LOSS names the file, the
// offset in the (uncompressed) data and what was expected there.
absl::StatusOr<Array> ReadIdx(const std::string& path);

// The same for bytes in memory; `name` stands for the file in messages.
absl::StatusOr<Array> ParseIdx(absl::string_view data, absl::string_view name);

// The file for an array. INVALID_ARGUMENT for a type that IDX lacks, more than 255 axes, or an
// extent over 2^32-1.
absl::StatusOr<std::string> FormatIdx(const Array& array);

// Adds the rows of `rows` at the end of a file, along the first axis, creating the file if it is
// not there. The header counts the new rows only after they have been written, so whoever reads
// meanwhile, or after a crash, sees whole rows. Not durable before the file is synced by other
// means. FAILED_PRECONDITION if the file holds another type or rows of another shape.
absl::Status AppendIdx(const std::string& path, const Array& rows);

// The number of rows (the first extent) by the header of a file and the number of whole rows that
// it really holds. They differ after an append that a crash cut short.
struct IdxRows {
  int64_t counted = 0;
  int64_t present = 0;
  bool trailing = false;  // there are bytes after the last whole row that is counted
};
absl::StatusOr<IdxRows> CountIdxRows(const std::string& path);

// Makes the file hold exactly its first `rows` rows. Precondition: it holds that many.
absl::Status TruncateIdx(const std::string& path, int64_t rows);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_IDX_H_
