#ifndef KUR_ENGINE_BASE_ENVIRONMENT_H_
#define KUR_ENGINE_BASE_ENVIRONMENT_H_

#include <map>
#include <string>

namespace kur {

// The variables of a process by name.
using Environment = std::map<std::string, std::string>;

// The environment of this process. A variable without '=' is left out. Not safe against a thread
// that changes the environment meanwhile.
Environment OwnEnvironment();

}  // namespace kur

#endif  // KUR_ENGINE_BASE_ENVIRONMENT_H_
