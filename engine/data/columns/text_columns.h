#ifndef KUR_ENGINE_DATA_COLUMNS_TEXT_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_TEXT_COLUMNS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/source.h"
#include "engine/formats/byte_input.h"

namespace kur {

// How the lists of symbols under one key are encoded.
struct TextColumnOptions {
  std::string key;
  // The length that all samples are padded to. Longer samples are an error.
  int64_t length = 0;
  std::vector<std::string> vocabulary;
  // True: padding precedes a shorter sample, so that all samples end at the last step. False:
  // padding follows.
  bool pad_left = false;
  // A symbol of the vocabulary to pad with; absent: zero vectors.
  std::optional<std::string> pad_with;
};

// Reads a file with a JSON dictionary on every line; every dictionary has a list of symbols
// (strings) under each of the columns' keys. Returns two sources for each key:
// - KEY: one-hot vectors of the symbols, (length, size of the vocabulary);
// - KEY_length: the number of symbols before padding, (1,).
// The numbers of the symbols are kept in memory; vectors are made while they are gathered.
//
// Returns INVALID_ARGUMENT, naming the file (`name`) and the line, for any other content, for
// symbols that are not in the vocabulary, and for more symbols than `length`.
absl::StatusOr<SourceMap> ReadTextColumns(ByteInput& input, absl::string_view name,
                                          const std::vector<TextColumnOptions>& columns);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_TEXT_COLUMNS_H_
