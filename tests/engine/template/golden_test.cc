// What Jinja2 and Python themselves make of thousands of templates and literals; see
// tests/reference/template_cases.py.

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "engine/template/template.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using Json = nlohmann::ordered_json;

Json LoadCases() {
  std::ifstream file(std::string(KUR_TEST_DATA_DIR) + "/engine/template/template_cases.json");
  return Json::parse(file);
}

Value FromJson(const Json& json) {
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_number_integer()) return Value(json.get<int64_t>());
  if (json.is_number()) return Value(json.get<double>());
  if (json.is_string()) return Value(json.get<std::string>());
  if (json.is_array()) {
    Value::List list;
    for (const Json& item : json) list.push_back(FromJson(item));
    return Value(std::move(list));
  }
  if (!json.is_object()) return Value();
  Dict dict;
  for (const auto& [key, item] : json.items()) dict.Set(Value(key), FromJson(item));
  return Value(std::move(dict));
}

TemplateHost HostOfTheCases() {
  TemplateHost host;
  host.gpu_count = [] { return 4; };
  host.load_json = [](const std::string& path) -> absl::StatusOr<Value> {
    Dict dict;
    dict.Set(Value("path"), Value(path));
    dict.Set(Value("size"), Value(Value::List{Value(1), Value(2)}));
    return Value(std::move(dict));
  };
  return host;
}

TEST(GoldenTest, RendersTemplatesAsJinja2Does) {
  const Json cases = LoadCases();
  Scope scope;
  for (const auto& [name, value] : cases["scope"].items()) scope.Set(name, FromJson(value));
  TemplateBudget budget;
  budget.total_steps = int64_t{1} << 40;
  const TemplateEngine engine(HostOfTheCases(), budget);

  ASSERT_GT(cases["templates"].size(), 600u);
  std::vector<std::string> mismatches;
  for (const Json& test : cases["templates"]) {
    const std::string text = test["template"];
    const auto rendered = engine.Render(text, scope);
    if (test.contains("error")) {
      if (rendered.ok()) mismatches.push_back(text + "\n  expected an error, got: " + *rendered);
      continue;
    }
    const std::string expected = test["output"];
    if (!rendered.ok()) {
      mismatches.push_back(text + "\n  expected: " + expected +
                           "\n  got the error: " + std::string(rendered.status().message()));
    } else if (*rendered != expected) {
      mismatches.push_back(text + "\n  expected: " + expected + "\n  got:      " + *rendered);
    }
  }
  EXPECT_TRUE(mismatches.empty()) << mismatches.size() << " mismatches:\n"
                                  << absl::StrJoin(mismatches, "\n");
}

TEST(GoldenTest, ReadsLiteralsAsPythonDoes) {
  const Json cases = LoadCases();
  ASSERT_GT(cases["literals"].size(), 150u);
  for (const Json& test : cases["literals"]) {
    const std::string text = test["text"];
    Value value;
    const bool read = ParsePythonLiteral(text, &value);
    EXPECT_EQ(read, !test.contains("error")) << text << " was read as " << ToJson(value);
    if (read && !test.contains("error")) {
      // The texts differ for 1 and 1.0, which compare as equal.
      EXPECT_EQ(Json::parse(ToJson(value)).dump(), test["value"].dump()) << text;
    }
  }
}

}  // namespace
}  // namespace kur
