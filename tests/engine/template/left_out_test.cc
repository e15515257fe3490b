// Names of Jinja2 and Python that templates have not: whoever writes one is told so.

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/template/template.h"
#include "engine/value/diagnostics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// Returns the text, or the message of the error.
std::string Render(const std::string& text) {
  const auto rendered = TemplateEngine().Render(text, Scope());
  return rendered.ok() ? *rendered : std::string(rendered.status().message());
}

TEST(LeftOutTest, Filters) {
  EXPECT_EQ(Render("{{ 'x' | urlize }}"),
            "the filter 'urlize' of Jinja2 is not part of Kurfiles' templates");
  EXPECT_EQ(Render("{{ [1] | tojson }}"),
            "the filter 'tojson' of Jinja2 is not part of Kurfiles' templates; "
            "what a template gives becomes a value as it is");
  EXPECT_EQ(Render("{{ [1, 2] | map('batch', 2) }}"),
            "filter 'map': the filter 'batch' of Jinja2 is not part of Kurfiles' templates");
}

TEST(LeftOutTest, Tests) {
  EXPECT_EQ(Render("{{ 'x' is escaped }}"),
            "the test 'escaped' of Jinja2 is not part of Kurfiles' templates");
  EXPECT_EQ(Render("{{ 1 is not sameas(1) }}"),
            "the test 'sameas' of Jinja2 is not part of Kurfiles' templates; write '=='");
}

TEST(LeftOutTest, Globals) {
  EXPECT_THAT(Render("{{ cycler('a').next() }}"),
              HasSubstr("the global 'cycler' of Jinja2 is not part of Kurfiles' templates"));
  EXPECT_THAT(Render("{{ lipsum() }}"), HasSubstr("a Kurfile must mean the same every time"));
  EXPECT_THAT(Render("{% set ns.total = 1 %}"), HasSubstr("the global 'namespace' of Jinja2"));
  EXPECT_THAT(Render("{{ dict(a=1) }}"), HasSubstr("write {'key': value}"));
  EXPECT_EQ(Render("{{ self | default(1) }}{% set joiner = 2 %}{{ joiner }}"), "12");
}

TEST(LeftOutTest, Statements) {
  EXPECT_EQ(Render("{% call m() %}{% endcall %}"),
            "the statement '{% call %}' of Jinja2 is not part of Kurfiles' templates");
  EXPECT_THAT(Render("{% filter upper %}{% endfilter %}"), HasSubstr("'{% filter %}' of Jinja2"));
  EXPECT_THAT(Render("{% for x in [1] recursive %}{% endfor %}"),
              HasSubstr("'{% for ... recursive %}' of Jinja2"));
  EXPECT_THAT(Render("{% set x %}a{% endset %}"), HasSubstr("'{% set ... endset %}' of Jinja2"));
  EXPECT_THAT(Render("{% set x | upper %}"), HasSubstr("'{% set ... endset %}' of Jinja2"));
  EXPECT_THAT(Render("{% macro m() %}{% endmacro %}"), HasSubstr("the key 'templates:'"));
  EXPECT_THAT(Render("a\n{%- raw %}{{ $ }}{% endraw %}"),
              HasSubstr("until no template is left in it (line 2 of the template)"));
  for (const char* name : {"include", "import", "extends", "block", "from"}) {
    EXPECT_THAT(Render(absl::StrCat("{% ", name, " 'x' %}")), HasSubstr("use the key 'include:'"));
  }
}

TEST(LeftOutTest, AttributesOfLoops) {
  EXPECT_EQ(
      Render("{% for x in [1] %}{{ loop.cycle('a') }}{% endfor %}"),
      "'loop.cycle' of Jinja2 is not part of Kurfiles' templates; 'loop.index' tells the turn");
}

TEST(LeftOutTest, Methods) {
  EXPECT_EQ(Render("{{ '{:.2f}'.format(1) }}"),
            "the method 'format' of Python's strings is not part of Kurfiles' templates; "
            "write '%.2f' % x");
  EXPECT_EQ(Render("{{ [1].copy() }}"),
            "the method 'copy' of Python's lists is not part of Kurfiles' templates; "
            "nothing can change the list itself");
  EXPECT_THAT(Render("{{ {}.popitem() }}"), HasSubstr("the method 'popitem' of Python's dict"));
}

TEST(LeftOutTest, StarsBeforeArguments) {
  EXPECT_THAT(Render("{{ range(*[1]) }}"), HasSubstr("'*' before an argument is not part of"));
  EXPECT_THAT(Render("{{ dict(**{}) }}"), HasSubstr("'**' before an argument is not part of"));
}

TEST(LeftOutTest, TheErrorTellsFileLineAndColumn) {
  const Location location{std::make_shared<const std::string>("model.yml"), 7, 12};
  const auto errors = DiagnosticsOf(
      TemplateEngine()
          .Evaluate(Value("{{ 'x' | urlize }}").At(location), Scope(), true, "train.log")
          .status());
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].ToString(),
            "model.yml:7:12: error: train.log: the filter 'urlize' of Jinja2 is not part of "
            "Kurfiles' templates");
}

TEST(LeftOutTest, EveryNameOfJinja2AndPythonIsThereOrSaidToBeLeftOut) {
  std::ifstream file(std::string(KUR_TEST_DATA_DIR) + "/engine/template/template_cases.json");
  const auto all = nlohmann::json::parse(file)["names"];
  // How a name is written, and what is said of one that nobody knows.
  const std::vector<std::pair<std::string, std::pair<std::string, std::string>>> kinds = {
      {"filter", {"{{ 1 | $ }}", "there is no filter"}},
      {"test", {"{{ 1 is $ }}", "there is no test"}},
      {"global", {"{{ $() }}", "is undefined"}},
      {"statement", {"{% $ %}", "there is no statement"}},
      {"loop", {"{% for x in [1] %}{{ loop.$ }}{% endfor %}", "is undefined"}},
      {"string", {"{{ 'a'.$() }}", "has no method"}},
      {"list", {"{{ [1].$() }}", "has no method"}},
      {"dict", {"{{ {'a': 1}.$() }}", "has no method"}}};
  for (const auto& [kind, texts] : kinds) {
    ASSERT_GT(all[kind].size(), 8U) << kind;
    const auto write = [&text = texts.first](const std::string& name) {
      return absl::StrReplaceAll(text, {{"$", name}});
    };
    EXPECT_THAT(Render(write("nosuch")), HasSubstr(texts.second)) << kind;
    for (const std::string name : all[kind]) {
      EXPECT_FALSE(absl::StrContains(Render(write(name)), texts.second))
          << kind << " " << name << ": " << Render(write(name));
    }
  }
}

}  // namespace
}  // namespace kur
