#include <memory>
#include <string>

#include "engine/template/template.h"
#include "engine/value/diagnostics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Location At(int line) { return {std::make_shared<const std::string>("test.yml"), line, 3}; }

Value MakeDict(std::vector<std::pair<std::string, Value>> entries) {
  Dict dict;
  for (auto& [key, value] : entries) dict.Set(Value(key), std::move(value));
  return Value(std::move(dict));
}

class EvaluateTest : public testing::Test {
 protected:
  Value Evaluate(const Value& value, bool recursive = true) const {
    const auto result = TemplateEngine().Evaluate(value, scope_, recursive, "key");
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(Value());
  }
  Value Evaluate(const char* text) const { return Evaluate(Value(text)); }

  std::vector<Diagnostic> Errors(const Value& value, const std::string& key = "key") const {
    return DiagnosticsOf(TemplateEngine().Evaluate(value, scope_, true, key).status());
  }

  Scope scope_;
};

TEST_F(EvaluateTest, TurnsTextThatReadsAsALiteralIntoItsValue) {
  EXPECT_EQ(ToJson(Evaluate("[1, 2]")), "[1,2]");
  EXPECT_EQ(ToJson(Evaluate("{{ [1, (2, 3)] }}")), "[1,[2,3]]");
  EXPECT_EQ(ToJson(Evaluate("0x10")), "16");
  EXPECT_EQ(ToJson(Evaluate("1e-3")), "0.001");
  EXPECT_EQ(ToJson(Evaluate("None")), "null");
  EXPECT_EQ(ToJson(Evaluate("True")), "true");
  EXPECT_EQ(ToJson(Evaluate("yes")), "\"yes\"");
  EXPECT_EQ(ToJson(Evaluate("{{ 1 }}{{ 2 }}")), "12");
  EXPECT_EQ(ToJson(Evaluate("{{ 'a' }}")), "\"a\"");
  EXPECT_EQ(ToJson(Evaluate("'\\'1\\''")), "1");
}

TEST_F(EvaluateTest, KeepsTextThatIsNoLiteralOfOurs) {
  EXPECT_EQ(ToJson(Evaluate("99999999999999999999")), "\"99999999999999999999\"");
  EXPECT_EQ(ToJson(Evaluate("1+2j")), "\"1+2j\"");
  EXPECT_EQ(ToJson(Evaluate("two words\n")), "\"two words\"");
}

TEST_F(EvaluateTest, RendersUntilNothingChanges) {
  scope_.Set("a", Value("{{ b }}"));
  scope_.Set("b", Value("{{ c + 1 }}"));
  scope_.Set("c", Value(4));
  EXPECT_EQ(ToJson(Evaluate("{{ a }}")), "5");
}

TEST_F(EvaluateTest, RefusesATextThatNeverSettles) {
  scope_.Set("a", Value("{{ a }}x"));
  const auto errors = Errors(Value("{{ a }}"));
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message, HasSubstr("does it refer to itself?"));
}

TEST_F(EvaluateTest, RefusesATextThatGrowsWithoutEnd) {
  scope_.Set("a", Value("{{ a }}{{ a }}"));
  const auto errors = Errors(Value("{{ a }}"));
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message, HasSubstr("the template"));
}

TEST_F(EvaluateTest, GoesIntoContainersOnlyWhenAskedTo) {
  scope_.Set("x", Value(5));
  const Value value = MakeDict({{"a", Value(Value::List{Value("{{ x }}"), Value(1)})}});
  EXPECT_EQ(ToJson(Evaluate(value, true)), R"({"a":[5,1]})");
  EXPECT_EQ(ToJson(Evaluate(value, false)), R"({"a":["{{ x }}",1]})");
}

TEST_F(EvaluateTest, GoesIntoContainersThatATextTurnsInto) {
  scope_.Set("x", Value(5));
  EXPECT_EQ(ToJson(Evaluate("['{' ~ '{ x }}', '{{ x }}']")), "\"['{' ~ '{ x }}', '5']\"");
  EXPECT_EQ(ToJson(Evaluate(R"({{ ["{{ x }}", 1] }})")), "[5,1]");
  EXPECT_EQ(ToJson(Evaluate(Value(R"({{ ["{{ x }}", 1] }})"), false)), R"(["{{ x }}",1])");
}

TEST_F(EvaluateTest, DoesNotEvaluateKeys) {
  EXPECT_EQ(ToJson(Evaluate(MakeDict({{"{{ x }}", Value(1)}}))), R"({"{{ x }}":1})");
}

TEST_F(EvaluateTest, KeepsLocations) {
  const Value list = Value(Value::List{Value("{{ [1] }}").At(At(5)), Value(2).At(At(6))}).At(At(4));
  const Value result = Evaluate(list);
  EXPECT_EQ(result.location().line, 4);
  EXPECT_EQ(result.as_list()[0].location().line, 5);
  EXPECT_EQ(result.as_list()[0].as_list()[0].location().line, 5);
  EXPECT_EQ(result.as_list()[1].location().line, 6);
}

TEST_F(EvaluateTest, ReportsEveryErrorWithItsPathAndLocation) {
  const Value data = Value(Value::List{
      MakeDict({{"path", Value("{{ nothing }}").At(At(7))}, {"good", Value("{{ 1 }}")}})});
  const Value value = MakeDict({{"data", data}, {"epochs", Value("{{ 1 + }}").At(At(9))}});
  const auto errors = Errors(value, "train");
  ASSERT_THAT(errors, SizeIs(2));
  EXPECT_EQ(errors[0].ToString(),
            "test.yml:7:3: error: train.data[0].path: 'nothing' is undefined");
  EXPECT_EQ(errors[1].path, "train.epochs");
  EXPECT_EQ(errors[1].location.line, 9);
}

TEST_F(EvaluateTest, PathsStartWithTheKeyOfTheTopLevel) {
  const auto errors = Errors(MakeDict({{"train", Value("{{ nothing }}")}}), "");
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].path, "train");
}

TEST_F(EvaluateTest, StopsAtASpentBudgetInsteadOfRepeatingIt) {
  Value::List list;
  for (int i = 0; i < 10; ++i) {
    list.push_back(Value("{% for i in range(1000000) %}{% endfor %}"));
  }
  EXPECT_THAT(Errors(Value(std::move(list))), SizeIs(1));
}

TEST_F(EvaluateTest, StopsAfterAHundredErrors) {
  EXPECT_THAT(Errors(Value(Value::List(1000, Value("{{ nothing }}")))), SizeIs(100));
}

}  // namespace
}  // namespace kur
