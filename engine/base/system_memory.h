#ifndef KUR_ENGINE_BASE_SYSTEM_MEMORY_H_
#define KUR_ENGINE_BASE_SYSTEM_MEMORY_H_

#include <cstdint>

namespace kur {

// The bytes of memory that this process may have at most: all that the machine has, or the limit of
// its control group if that is less.
int64_t TotalMemoryBytes();

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SYSTEM_MEMORY_H_
