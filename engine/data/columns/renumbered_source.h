#ifndef KUR_ENGINE_DATA_COLUMNS_RENUMBERED_SOURCE_H_
#define KUR_ENGINE_DATA_COLUMNS_RENUMBERED_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/source.h"

namespace kur {

// Returns a source of the same samples in which each symbol has the number that it has among
// `symbols`; a symbol that no sample has need not be there. Returns INVALID_ARGUMENT, naming the
// symbol and the first sample that has it, for one that `symbols` lacks; `whose` says in a message
// what they are: "the 3 classes of the model". Precondition: the source has symbols.
absl::StatusOr<std::shared_ptr<const Source>> Renumber(std::shared_ptr<const Source> source,
                                                       const std::vector<std::string>& symbols,
                                                       absl::string_view whose);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_RENUMBERED_SOURCE_H_
