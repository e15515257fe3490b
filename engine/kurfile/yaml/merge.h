#ifndef KUR_ENGINE_KURFILE_YAML_MERGE_H_
#define KUR_ENGINE_KURFILE_YAML_MERGE_H_

#include "engine/value/value.h"

namespace kur {

// How a Kurfile is merged over a file that it includes. Dictionaries merge key by key. For other
// values that both files have, the includer's value wins. The strategies differ in lists:
enum class MergeStrategy {
  kBlend,   // element by element; the rest of the longer list is kept
  kMerge,   // the includer's list replaces the included one
  kConcat,  // the included list, then the includer's
};

// Returns `over` merged over `base`.
Value MergeValues(const Value& base, const Value& over, MergeStrategy strategy);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_MERGE_H_
