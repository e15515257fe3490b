#ifndef KUR_TESTS_ENGINE_SUPPLIERS_SUPPLIER_TEST_UTIL_H_
#define KUR_TESTS_ENGINE_SUPPLIERS_SUPPLIER_TEST_UTIL_H_

#include <initializer_list>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/data/supplier.h"
#include "engine/kurfile/specs/supplier_spec.h"
#include "engine/kurfile/specs/supplier_view.h"
#include "engine/kurfile/yaml/yaml.h"
#include "tests/engine/data/data_test_util.h"

namespace kur {

// Returns a dictionary located in test.yml, with every entry on a line of its own.
inline Value MakeDict(std::initializer_list<std::pair<const char*, Value>> entries) {
  const auto file = std::make_shared<const std::string>("test.yml");
  Dict dict;
  int line = 1;
  for (const auto& [key, value] : entries) {
    dict.Set(Value(key), value.At({file, line++, 3}));
  }
  return Value(dict).At({file, 1, 1});
}

inline Value Yaml(const std::string& text) {
  auto value = ParseYaml(text, std::make_shared<const std::string>("test.yml"));
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : Value();
}

inline std::vector<float> All(const Source& source) {
  std::vector<int64_t> indices(static_cast<size_t>(source.size()));
  std::iota(indices.begin(), indices.end(), 0);
  return Gathered(source, indices);
}

// Opens suppliers whose files lie in a directory of the test's own.
class SupplierTest : public testing::Test {
 protected:
  PathResolver Paths() const {
    return PathResolver({dir_.path(), dir_.path() + "/home", {"/usr/share/datasets"}, {}});
  }

  // Parses entry `number` of the data. Null: errors_ has the errors.
  std::shared_ptr<const SupplierSpec> Parse(const std::string& kind, const Value& value,
                                            int number = 0) {
    Diagnostics diagnostics;
    const SupplierKind* found = Registry<SupplierKind>::Get().Find(kind);
    EXPECT_NE(found, nullptr);
    auto spec = found->parse(value, absl::StrCat("train.data[", number, "].", kind), &diagnostics);
    errors_ = std::string(diagnostics.ToStatus().message());
    return spec;
  }

  absl::StatusOr<SourceMap> Open(const std::string& kind, const Value& value) {
    const auto spec = Parse(kind, value);
    if (spec == nullptr) return absl::InternalError(errors_);
    return OpenSupplier(*spec, Paths());
  }

  // Parses the entry `text` of a section's data. Null: errors_ has the errors.
  std::shared_ptr<const SupplierSpec> View(const std::string& text, const std::string& kind = "csv",
                                           const std::string& section = "train") {
    const Value entry = Yaml(text);
    auto base = Parse(kind, *entry.Find(kind));
    if (base == nullptr) return nullptr;
    Dict keys = entry.as_dict();
    keys.Erase(kind);
    Diagnostics diagnostics;
    auto spec = ParseSupplierView(base, keys, "train.data[0]", section, &diagnostics);
    errors_ = std::string(diagnostics.ToStatus().message());
    return spec;
  }

  absl::StatusOr<SourceMap> OpenView(const std::string& text, const std::string& kind = "csv",
                                     const std::string& section = "train") {
    const auto spec = View(text, kind, section);
    if (spec == nullptr) return absl::InternalError(errors_);
    return OpenSupplier(*spec, Paths());
  }

  static std::vector<float> Sample(const SourceMap& sources, const std::string& name,
                                   int64_t index) {
    return Gathered(*sources.at(name), {index});
  }

  TemporaryDirectory dir_;
  std::string errors_;
};

}  // namespace kur

#endif  // KUR_TESTS_ENGINE_SUPPLIERS_SUPPLIER_TEST_UTIL_H_
