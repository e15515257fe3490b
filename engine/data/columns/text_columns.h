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

// How the symbols under one key become numbers.
struct TextColumnOptions {
  std::string key;
  // The length that all samples are padded to.
  int64_t length = 0;
  std::vector<std::string> vocabulary;
  // On which side a shorter sample is padded, and with what; absent: with zeros.
  bool pad_left = false;
  std::optional<std::string> pad_with;  // a symbol of the vocabulary
};

// The sources of a file of JSON dictionaries, one on every line, each of which has a list of
// symbols (strings) under every one of the keys: under the name of a key the symbols as one-hot
// vectors, (length, size of the vocabulary), and under "KEY_length" their number before padding,
// (1,). In memory are the numbers of the symbols; vectors are made while they are gathered.
//
// INVALID_ARGUMENT, naming the file (`name`) and the line, for everything else: for keys that are
// not listed, for symbols that are not in the vocabulary, and for more of them than fit.
absl::StatusOr<SourceMap> ReadTextColumns(ByteInput& input, absl::string_view name,
                                          const std::vector<TextColumnOptions>& columns);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_TEXT_COLUMNS_H_
