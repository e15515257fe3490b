// Hostile templates: each must end with a clear error, soon and in little memory.

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/template/template.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

std::string Repeat(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

// A template, and what it tries.
struct Hostile {
  const char* name;
  std::string text;
};
void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

class ExhaustingTest : public testing::TestWithParam<Hostile> {};

TEST_P(ExhaustingTest, IsRefused) {
  Scope scope;
  scope.Set("text", Value(std::string(1 << 19, 'x')));
  const auto rendered = TemplateEngine().Render(GetParam().text, scope);
  ASSERT_FALSE(rendered.ok());
  EXPECT_EQ(rendered.status().code(), absl::StatusCode::kResourceExhausted)
      << rendered.status().message();
}

std::string NameOf(const testing::TestParamInfo<Hostile>& info) { return info.param.name; }

std::string Nested(const std::string& before, const std::string& inner, const std::string& after) {
  return absl::StrCat("{{ ", Repeat(before, 30000), inner, Repeat(after, 30000), " }}");
}

INSTANTIATE_TEST_SUITE_P(
    Steps, ExhaustingTest,
    testing::ValuesIn(std::vector<Hostile>{
        {"NestedLoops",
         "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}"
         "{% endfor %}{% endfor %}{% endfor %}"},
        {"LongLoop", "{% for i in range(1000000) %}{% set x = i %}{% endfor %}"},
        {"LongMap", "{{ range(1000000) | map('string') | map('int') | sum }}"},
        {"LongSort", "{{ range(1000000) | sort | reverse | sum }}"},
        {"LongTexts", "{% for i in range(100000) %}{% set x = text ~ text %}{% endfor %}"},
        {"UpperCase", "{% for i in range(100000) %}{% set x = text | upper %}{% endfor %}"},
        {"Lengths", "{% for i in range(100000) %}{{ text | length }}{% endfor %}"},
        {"Indices", "{% for i in range(900000) %}{{ text[500000] is defined }}{% endfor %}"},
        {"Equality", "{% for i in range(100000) %}{% set x = text == text %}{% endfor %}"},
        {"LongSearch", "{{ 5 in range(0, 1000000000000, 3) }}"},
        {"EqualSharedLists",
         absl::StrCat("{% set x = [1] %}", Repeat("{% set x = [x, x] %}", 60), "{{ x == x }}")}}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Output, ExhaustingTest,
    testing::ValuesIn(std::vector<Hostile>{
        {"RepeatedText", "{{ 'a' * 1000000000 }}"},
        {"RepeatedTextFromLeft", "{{ 1000000000 * 'ab' }}"},
        {"RepeatedList", "{{ [1] * 1000000000 }}"},
        {"RepeatedTuple", "{{ (1, 2) * 9223372036854775807 }}"},
        {"RangeAsList", "{{ range(1000000000) | list }}"},
        {"LongRange", "{% for i in range(1000000000000) %}{% endfor %}"},
        {"ZeroFill", "{{ 'a'.zfill(9223372036854775807) }}"},
        {"PercentWidth", "{{ '%1000000000d' % 1 }}"},
        {"PercentTextWidth", "{{ '%-1000000000s' % 1 }}"},
        {"PercentZeros", "{{ '%01000000000.2f' % 1 }}"},
        {"Percents", "{{ '%s%s%s' % (text, text, text) }}"},
        {"Range", "{{ range(0, 9223372036854775807, 3) }}"},
        {"Concatenation", "{{ text ~ text ~ text }}"},
        {"Addition", "{{ text + text + text }}"},
        {"Outputs", "{{ text }}{{ text }}{{ text }}"},
        {"Replacement", "{{ text | replace('x', 'xxxx') }}"},
        {"ReplacementBetween", "{{ text | replace('', 'abc') }}"},
        {"Join", "{{ [text, text, text] | join }}"},
        {"Repr", "{{ [text, text, text] }}"},
        {"SharedLists",
         absl::StrCat("{% set x = 'abcdefgh' %}", Repeat("{% set x = [x, x] %}", 60), "{{ x }}")},
        {"Doubling", absl::StrCat("{% set x = 'abcdefgh' %}", Repeat("{% set x = x ~ x %}", 60))}}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Nesting, ExhaustingTest,
    testing::ValuesIn(std::vector<Hostile>{
        {"Lists", absl::StrCat("{% set x = 1 %}", Repeat("{% set x = [x] %}", 1000))},
        {"Dictionaries", absl::StrCat("{% set x = 1 %}", Repeat("{% set x = {'a': x} %}", 1000))},
        {"Parentheses", Nested("(", "1", ")")},
        {"Brackets", Nested("[", "", "]")},
        {"Braces", Nested("{1:", "1", "}")},
        {"Arguments", Nested("x(", "", ")")},
        {"Subscripts", Nested("x[", "1", "]")},
        {"Signs", Nested("-", "1", "")},
        {"Negations", Nested("not ", "1", "")},
        {"Sums", Nested("", "1", " + 1")},
        {"Products", Nested("", "1", " * 1")},
        {"Powers", Nested("", "1", " ** 1")},
        {"Alternatives", Nested("", "1", " or 1")},
        {"Conditions", Nested("", "1", " if 1")},
        {"Otherwise", Nested("", "1", " if 0 else 1")},
        {"Attributes", Nested("", "x", ".x")},
        {"Items", Nested("", "x", "[0]")},
        {"Calls", Nested("", "x", "()")},
        {"Filters", Nested("", "1", "|abs")},
        {"Targets", absl::StrCat("{% for ", Repeat("(", 30000), "x", Repeat(")", 30000),
                                 " in y %}{% endfor %}")},
        {"Ifs", Repeat("{% if 1 %}", 15000)},
        {"Fors", Repeat("{% for x in y %}", 15000)}}),
    NameOf);

TEST(BudgetTest, LimitsAreExact) {
  TemplateBudget budget;
  budget.output_bytes = 20;
  const TemplateEngine engine({}, budget);
  EXPECT_TRUE(engine.Render("{{ 'a' * 20 }}", Scope()).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(engine.Render("{{ 'a' * 21 }}", Scope()).status()));
}

TEST(BudgetTest, OrdinaryWorkFits) {
  const auto rendered = TemplateEngine().Render(
      "{{ range(10000) | map('string') | join | length }} "
      "{% for i in range(10000) %}{{ i if i % 5000 == 0 }}{% endfor %}",
      Scope());
  ASSERT_TRUE(rendered.ok()) << rendered.status();
  EXPECT_EQ(*rendered, "38890 05000");
}

TEST(BudgetTest, AllTheTemplatesOfAnEngineShareATotal) {
  TemplateBudget budget;
  budget.total_steps = 1000;
  const TemplateEngine engine({}, budget);
  const std::string text = "{% for i in range(100) %}{% endfor %}";
  int rendered = 0;
  while (rendered < 100 && TemplateEngine(engine).Render(text, Scope()).ok()) ++rendered;
  EXPECT_GT(rendered, 1);
  EXPECT_LT(rendered, 10);
}

TEST(BudgetTest, TheValuesOfAnEngineShareATotal) {
  TemplateBudget budget;
  budget.total_value_bytes = 10000;
  const auto evaluated = [](const TemplateEngine& engine, const std::string& text) {
    int times = 0;
    while (times < 100 && engine.Evaluate(Value(text), Scope(), false, "key").ok()) ++times;
    return times;
  };
  EXPECT_EQ(evaluated(TemplateEngine({}, budget), "{{ 'a' * 1000 }}"), 10);
  // Short as texts, but large as values.
  EXPECT_LT(evaluated(TemplateEngine({}, budget), "{{ '1,' * 100 }}"), 3);
  // What a template did not make costs nothing.
  EXPECT_EQ(evaluated(TemplateEngine({}, budget), Repeat("a", 1000)), 100);
}

TEST(BudgetTest, DeeplyNestedLiteralsStayText) {
  Value value;
  EXPECT_FALSE(ParsePythonLiteral(Repeat("[", 100000) + Repeat("]", 100000), &value));
  EXPECT_FALSE(ParsePythonLiteral(Repeat("{1:", 100000), &value));
  EXPECT_FALSE(ParsePythonLiteral(Repeat("-", 100000) + "1", &value));
  EXPECT_TRUE(ParsePythonLiteral(Repeat("[", 50) + Repeat("]", 50), &value));
}

TEST(BudgetTest, DeepValuesAreRefused) {
  Value value("{{ 1 }}");
  for (int i = 0; i < 1000; ++i) value = Value(Value::List{value});
  EXPECT_FALSE(TemplateEngine().Evaluate(value, Scope(), true, "key").ok());
}

}  // namespace
}  // namespace kur
