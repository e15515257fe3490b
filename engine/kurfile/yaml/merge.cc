#include "engine/kurfile/yaml/merge.h"

#include <algorithm>
#include <utility>

namespace kur {
namespace {

Value MergeDicts(const Value& base, const Value& over, MergeStrategy strategy) {
  Dict merged;
  for (const auto& [key, value] : base.as_dict()) {
    const Value* other = over.as_dict().Find(key);
    merged.Set(key, other == nullptr ? value : MergeValues(value, *other, strategy));
  }
  for (const auto& [key, value] : over.as_dict()) {
    if (base.as_dict().Find(key) == nullptr) merged.Set(key, value);
  }
  return Value(std::move(merged)).At(over.location());
}

Value BlendLists(const Value& base, const Value& over) {
  const Value::List& a = base.as_list();
  const Value::List& b = over.as_list();
  Value::List blended;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i >= b.size()) {
      blended.push_back(a[i]);
    } else if (i >= a.size()) {
      blended.push_back(b[i]);
    } else {
      blended.push_back(MergeValues(a[i], b[i], MergeStrategy::kBlend));
    }
  }
  return Value(std::move(blended)).At(over.location());
}

}  // namespace

Value MergeValues(const Value& base, const Value& over, MergeStrategy strategy) {
  if (base.is_dict() && over.is_dict()) return MergeDicts(base, over, strategy);
  if (base.is_list() && over.is_list()) {
    if (strategy == MergeStrategy::kBlend) return BlendLists(base, over);
    if (strategy == MergeStrategy::kConcat) {
      Value::List joined = base.as_list();
      joined.insert(joined.end(), over.as_list().begin(), over.as_list().end());
      return Value(std::move(joined)).At(over.location());
    }
  }
  return over;
}

}  // namespace kur
