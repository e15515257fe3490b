#ifndef KUR_ENGINE_KURFILE_YAML_MERGE_H_
#define KUR_ENGINE_KURFILE_YAML_MERGE_H_

#include "engine/value/value.h"

namespace kur {

// How a Kurfile is merged over a file that it includes. Dictionaries merge key by key in each of
// them; of other values that both have, the includer's wins; lists differ:
enum class MergeStrategy {
  kBlend,   // element by element, the longer list's rest kept
  kMerge,   // the includer's list replaces the included one
  kConcat,  // the included list, then the includer's
};

// `over` merged over `base`.
Value MergeValues(const Value& base, const Value& over, MergeStrategy strategy);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_MERGE_H_
