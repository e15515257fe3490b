#ifndef KUR_ENGINE_DATA_NAMED_SOURCE_H_
#define KUR_ENGINE_DATA_NAMED_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/data/source.h"

namespace kur {

// Returns `source` with the names that `name_of`, which is thread-safe, gives to its samples.
std::shared_ptr<const Source> WithNames(std::shared_ptr<const Source> source,
                                        std::function<std::string(int64_t)> name_of);

// Returns `source` with what its values stand for. Preconditions: as SymbolTable says.
std::shared_ptr<const Source> WithSymbols(std::shared_ptr<const Source> source,
                                          SymbolTable symbols);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_NAMED_SOURCE_H_
