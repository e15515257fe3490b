#include "engine/base/version.h"

namespace kur {

const char kVersion[] = KUR_VERSION;

}  // namespace kur
