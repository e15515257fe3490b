#ifndef KUR_ENGINE_BASE_SYSTEM_MEMORY_H_
#define KUR_ENGINE_BASE_SYSTEM_MEMORY_H_

#include <cstdint>

namespace kur {

// Returns the memory of the machine in bytes, or the limit of this process's control group if that
// is less.
int64_t TotalMemoryBytes();

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SYSTEM_MEMORY_H_
