#ifndef KUR_ENGINE_BASE_PROCESSOR_ENVIRONMENT_H_
#define KUR_ENGINE_BASE_PROCESSOR_ENVIRONMENT_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace kur {

// Returns the environment variables that make OpenBLAS and ATen choose the right kernels for a
// processor, given the text of its /proc/cpuinfo. OpenBLAS identifies processors by model number
// and treats a newer one as the oldest; ATen does not choose AVX-512 by itself. Either makes a job
// several times slower. Never chooses an instruction set that the processor lacks. Returns an empty
// map if neither library needs help or the processor is unknown.
std::map<std::string, std::string> ProcessorEnvironment(absl::string_view cpuinfo);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_PROCESSOR_ENVIRONMENT_H_
