#include <string>

#include "engine/template/template.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

Dict MakeDict(std::vector<std::pair<std::string, Value>> entries) {
  Dict dict;
  for (auto& [key, value] : entries) dict.Set(Value(key), std::move(value));
  return dict;
}

class RenderTest : public testing::Test {
 protected:
  RenderTest() {
    scope_.Set("batch_size", Value(32));
    scope_.Set("cnn", Value(MakeDict({{"kernels", Value(Value::List{Value(64), Value(128)})},
                                      {"_hidden", Value(1)}})));
  }

  // The text, or the message of the error.
  std::string Render(const std::string& text) const { return RenderWith(TemplateEngine(), text); }
  std::string RenderWith(const TemplateEngine& engine, const std::string& text) const {
    const auto rendered = engine.Render(text, scope_);
    if (rendered.ok()) return *rendered;
    EXPECT_EQ(rendered.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(rendered.status().message());
  }

  Scope scope_;
};

TEST_F(RenderTest, LooksUpNamesInTheInnermostScopeFirst) {
  Scope inner(&scope_);
  inner.Set("batch_size", Value(8));
  EXPECT_EQ(*TemplateEngine().Render("{{ batch_size }} {{ cnn.kernels[1] }}", inner), "8 128");
  EXPECT_THAT(inner.Names(), testing::UnorderedElementsAre("batch_size", "batch_size", "cnn"));
}

TEST_F(RenderTest, SuggestsTheNameThatWasMeant) {
  EXPECT_EQ(Render("{{ batchsize }}"), "'batchsize' is undefined; did you mean 'batch_size'?");
  EXPECT_EQ(Render("{{ cnn.kernel }}"), "'cnn.kernel' is undefined; did you mean 'kernels'?");
  EXPECT_EQ(Render("{{ cnn['kernel'] }}"), "'cnn.kernel' is undefined; did you mean 'kernels'?");
  EXPECT_EQ(Render("{{ rage(3) }}"), "'rage' is undefined; did you mean 'range'?");
  EXPECT_EQ(Render("{{ xyz }}"), "'xyz' is undefined");
}

TEST_F(RenderTest, SuggestsFiltersTestsMethodsArgumentsAndStatements) {
  EXPECT_EQ(Render("{{ 'a' | uper }}"), "there is no filter 'uper'; did you mean 'upper'?");
  EXPECT_EQ(Render("{{ 1 is definde }}"), "there is no test 'definde'; did you mean 'defined'?");
  EXPECT_EQ(Render("{{ 'a'.uper() }}"), "a string has no method 'uper'; did you mean 'upper'?");
  EXPECT_EQ(Render("{{ 1.5 | round(methd='floor') }}"),
            "filter 'round': takes no argument 'methd'; did you mean 'method'?");
  EXPECT_EQ(Render("{% fro x in y %}"), "there is no statement '{% fro %}'; did you mean 'for'?");
}

TEST_F(RenderTest, SaysWhatIsMissing) {
  EXPECT_EQ(Render("{{ cnn.kernels[5] }}"), "'cnn.kernels' has no item 5: it has 2 items");
  EXPECT_EQ(Render("{{ [] | first }}"), "there is no first item: the sequence is empty");
}

TEST_F(RenderTest, OnlyDefaultAndDefinedMayLookAtWhatIsUndefined) {
  EXPECT_EQ(Render("{{ x is defined }} {{ x is undefined }} {{ x | default(1) }}"), "False True 1");
  for (const char* use : {"{{ x }}", "{{ x + 1 }}", "{{ not x }}", "{% if x %}{% endif %}",
                          "{% for y in x %}{% endfor %}", "{{ x | length }}", "{{ x == 1 }}",
                          "{{ x is none }}", "{{ [x] }}", "{{ 1 in x }}", "{{ x and 1 }}"}) {
    EXPECT_EQ(Render(use), "'x' is undefined") << use;
  }
}

TEST_F(RenderTest, AnInlineIfWithoutElseGivesNothing) {
  EXPECT_EQ(Render("a{{ 'x' if false }}b"), "ab");
  EXPECT_EQ(Render("{{ ('x' if false) | default('y') }}"), "y");
}

TEST_F(RenderTest, TellsTheLineInATemplateOfSeveralLines) {
  EXPECT_EQ(Render("a\nb\n{{ 1 + }}"), "expected an expression, got '}}' (line 3 of the template)");
  EXPECT_EQ(Render("a\n{{ nothing }}\n"), "'nothing' is undefined (line 2 of the template)");
  EXPECT_EQ(Render("a\n\n{{ 'x"), "a string is not closed (line 3 of the template)");
}

TEST_F(RenderTest, RefusesPrivateAttributes) {
  EXPECT_THAT(Render("{{ ''.__class__ }}"), HasSubstr("out of reach"));
  EXPECT_THAT(Render("{{ cnn._hidden }}"), HasSubstr("write ['_hidden']"));
  EXPECT_EQ(Render("{{ cnn['_hidden'] }}"), "1");
}

TEST_F(RenderTest, SaysHowToWorkWithoutChangingLists) {
  EXPECT_THAT(Render("{{ [1].append(2) }}"), HasSubstr("{% set items = items + [x] %}"));
  EXPECT_THAT(Render("{{ {}.update({}) }}"), HasSubstr("combine"));
}

TEST_F(RenderTest, RefusesIntegersBeyond64Bits) {
  for (const char* use :
       {"{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}",
        "{{ 4611686018427387904 * 2 }}", "{{ 2 ** 63 }}", "{{ 1e19 | int }}",
        "{{ 99999999999999999999 }}", "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ (-9223372036854775807 - 1) | abs }}", "{{ -(-9223372036854775807 - 1) }}",
        "{{ [9223372036854775807, 1] | sum }}"}) {
    EXPECT_THAT(Render(use), HasSubstr("it must fit in 64 bits")) << use;
  }
  EXPECT_EQ(Render("{{ (-9223372036854775807 - 1) % -1 }}"), "0");
}

TEST_F(RenderTest, AKeyHidesAMethodThatIsNotCalled) {
  scope_.Set("s", Value(MakeDict({{"items", Value(3)}})));
  EXPECT_EQ(Render("{{ s.items }} {{ s.items() }}"), "3 [('items', 3)]");
}

TEST_F(RenderTest, AsksTheHost) {
  TemplateHost host;
  host.gpu_count = [] { return 2; };
  host.load_json = [](const std::string& path) -> absl::StatusOr<Value> {
    if (path != "a.json") return absl::NotFoundError("no file '" + path + "'");
    return Value(MakeDict({{"size", Value(7)}}));
  };
  const TemplateEngine engine(host);
  EXPECT_EQ(RenderWith(engine, "{{ gpu_count() }} {{ load_json('a.json').size }}"), "2 7");
  EXPECT_EQ(engine.Render("{{ load_json('b.json') }}", scope_).status().message(),
            "load_json(): no file 'b.json'");
  EXPECT_EQ(RenderWith(engine, "{{ load_yaml('a.yml') }}"),
            "load_yaml(): files cannot be read here");
  EXPECT_EQ(Render("{{ gpu_count() }}"), "gpu_count(): the number of GPUs is not known here");
}

TEST_F(RenderTest, ListsStandForTheGeneratorsViewsAndRangesOfJinja2) {
  EXPECT_EQ(Render("{{ [1, 2] | map('string') }} {{ [1, 2] | select('odd') | length }}"),
            "['1', '2'] 1");
  EXPECT_EQ(Render("{{ range(3) }} {{ range(3)[1:] }} {{ {'a': 1}.keys() }}"),
            "[0, 1, 2] [1, 2] ['a']");
}

TEST_F(RenderTest, FunctionsAndMethodsAreCalledAndNoValues) {
  EXPECT_EQ(Render("{{ range }}"), "'range' is a function; call it, as in 'range()'");
  EXPECT_EQ(Render("{{ 'a'.upper }}"), "'upper' is a method; call it, as in 'upper()'");
  EXPECT_EQ(Render("{{ 'a'.upper is defined }} {{ range is defined }}"), "False False");
  EXPECT_EQ(Render("{{ 5() }}"), "an integer cannot be called");
  EXPECT_EQ(Render("{{ 'a'.upper()() }}"), "a string cannot be called");
}

TEST_F(RenderTest, SortsByOneAttribute) {
  EXPECT_THAT(Render("{{ [cnn] | sort(attribute='a,b') }}"), HasSubstr("sorts by one attribute"));
}

TEST_F(RenderTest, RoundsBehindThePoint) {
  EXPECT_THAT(Render("{{ 1250 | round(-2) }}"), HasSubstr("rounds to 0 or more digits"));
}

TEST_F(RenderTest, OnlyScalarsAreKeys) {
  EXPECT_EQ(Render("{{ {(1, 2): 3} }}"), "a tuple cannot be the key of a dictionary");
}

TEST_F(RenderTest, SaysWhichFormatsThereAre) {
  EXPECT_THAT(Render("{{ '%c' % 65 }}"), HasSubstr("a format has '%c', which is none of %d %i"));
  EXPECT_EQ(Render("{{ '%5' % 1 }}"), "a format ends with an incomplete '%'");
}

}  // namespace
}  // namespace kur
