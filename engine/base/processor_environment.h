#ifndef KUR_ENGINE_BASE_PROCESSOR_ENVIRONMENT_H_
#define KUR_ENGINE_BASE_PROCESSOR_ENVIRONMENT_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace kur {

// The environment variables that make OpenBLAS and ATen use the kernels that suit a processor,
// given the text of its /proc/cpuinfo. OpenBLAS knows processors by their model numbers and takes
// one newer than itself for the oldest; ATen does not choose AVX-512 by itself. Both are several
// times slower for it. What the processor lacks is never chosen; empty when neither library needs
// help or nothing is known.
std::map<std::string, std::string> ProcessorEnvironment(absl::string_view cpuinfo);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_PROCESSOR_ENVIRONMENT_H_
