#include "engine/kurfile/yaml/difference.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

// Longer lists are compared element by element: a larger table of common subsequences takes too
// long.
constexpr size_t kMaxTableCells = 4'000'000;

class Comparison {
 public:
  void Compare(const Value& a, const Value& b, const std::string& path) {
    if (a == b) return;
    if (a.is_dict() && b.is_dict()) {
      CompareDicts(a.as_dict(), b.as_dict(), path);
    } else if (a.is_list() && b.is_list()) {
      CompareLists(a.as_list(), b.as_list(), path);
    } else {
      differences_.push_back({path, a, b});
    }
  }

  std::vector<Difference> TakeDifferences() { return std::move(differences_); }

 private:
  static std::string ChildPath(const std::string& path, const Value& key) {
    const std::string name = key.is_string() ? key.as_string() : ToJson(key);
    return path.empty() ? name : absl::StrCat(path, ".", name);
  }

  void CompareDicts(const Dict& a, const Dict& b, const std::string& path) {
    for (const auto& [key, value] : a) {
      const Value* other = b.Find(key);
      if (other == nullptr) {
        differences_.push_back({ChildPath(path, key), value, std::nullopt});
      } else {
        Compare(value, *other, ChildPath(path, key));
      }
    }
    for (const auto& [key, value] : b) {
      if (a.Find(key) == nullptr)
        differences_.push_back({ChildPath(path, key), std::nullopt, value});
    }
  }

  void CompareLists(const Value::List& a, const Value::List& b, const std::string& path) {
    // lengths[i][j] is the length of the longest common subsequence of a[i...] and b[j...].
    const bool small = (a.size() + 1) * (b.size() + 1) <= kMaxTableCells;
    std::vector<std::vector<uint32_t>> lengths;
    if (small) {
      lengths.assign(a.size() + 1, std::vector<uint32_t>(b.size() + 1, 0));
      for (size_t i = a.size(); i-- > 0;) {
        for (size_t j = b.size(); j-- > 0;) {
          lengths[i][j] = a[i] == b[j] ? lengths[i + 1][j + 1] + 1
                                       : std::max(lengths[i + 1][j], lengths[i][j + 1]);
        }
      }
    }
    const auto at = [&](size_t i) { return absl::StrCat(path, "[", i, "]"); };
    size_t i = 0;
    size_t j = 0;
    while (i < a.size() || j < b.size()) {
      if (i < a.size() && j < b.size() && a[i] == b[j]) {
        ++i;
        ++j;
        continue;
      }
      // Between two common elements, compare elements in pairs, then list those that one side has
      // more.
      size_t end_a = i;
      size_t end_b = j;
      while (small && end_a < a.size() && end_b < b.size() && !(a[end_a] == b[end_b])) {
        ++(lengths[end_a + 1][end_b] >= lengths[end_a][end_b + 1] ? end_a : end_b);
      }
      if (!small || end_a == a.size() || end_b == b.size()) {
        end_a = a.size();
        end_b = b.size();
      }
      for (; i < end_a && j < end_b; ++i, ++j) Compare(a[i], b[j], at(i));
      for (; i < end_a; ++i) differences_.push_back({at(i), a[i], std::nullopt});
      for (; j < end_b; ++j) differences_.push_back({at(j), std::nullopt, b[j]});
    }
  }

  std::vector<Difference> differences_;
};

}  // namespace

std::vector<Difference> FindDifferences(const Value& a, const Value& b) {
  Comparison comparison;
  comparison.Compare(a, b, "");
  return comparison.TakeDifferences();
}

}  // namespace kur
