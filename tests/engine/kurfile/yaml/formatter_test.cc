#include "engine/kurfile/yaml/formatter.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::string> Format(const std::string& text) {
  return FormatYaml(text, std::make_shared<const std::string>("k.yml"));
}

// Expects that `text` is formatted as `expected`, which formatting leaves unchanged.
void ExpectFormat(const std::string& text, const std::string& expected) {
  const auto formatted = Format(text);
  ASSERT_TRUE(formatted.ok()) << formatted.status();
  EXPECT_EQ(*formatted, expected);
  EXPECT_EQ(*Format(expected), expected);
}

TEST(FormatterTest, IndentsByTwoAndListsBelowTheirKeys) {
  ExpectFormat(R"(model:
- input:   images
- for:
     range: 2
     iterate:
       -    dense: 3
            name: x
       - activation: relu
train:
    data:
    -   pickle: a.pkl
)",
               R"(model:
  - input: images
  - for:
      range: 2
      iterate:
        - dense: 3
          name: x
        - activation: relu
train:
  data:
    - pickle: a.pkl
)");
}

TEST(FormatterTest, KeepsCommentsWhereTheyBelong) {
  ExpectFormat(R"(#about
settings:   #mine
    # the first
    a: 1 # one


    b: "#2"     # two
    # behind b
# of the model

model:
    - flatten:   # no arguments
    ## ruler
    -   # next line
        dense: 1


# the end)",
               R"(# about
settings:  # mine
  # the first
  a: 1  # one

  b: "#2"  # two
  # behind b
# of the model

model:
  - flatten:  # no arguments
  ## ruler
  -  # next line
    dense: 1

# the end
)");
}

TEST(FormatterTest, SpacesInBracketsButNotInQuotes) {
  ExpectFormat("a: [ 1,2 , [3,4],'b,  c' ]\nb: {x:   1,y: [2 ,3]}\nc: \"[1,2]\"\nd: say [1,2]\n",
               "a: [1, 2, [3, 4], 'b,  c']\nb: {x: 1, y: [2, 3]}\nc: \"[1,2]\"\nd: say [1,2]\n");
}

TEST(FormatterTest, LinesThatGoOnKeepTheirMeaning) {
  ExpectFormat(R"(a: [1,
    2,
    {b: 3,
         c: 4},
]
d: "quoted
         on"
e: plain
       on
f: |
       kept
         deeper

       end
g: &anchor
     h: 1
i: *anchor
)",
               R"(a: [1,
  2,
  {b: 3,
    c: 4},
]
d: "quoted
  on"
e: plain
  on
f: |
  kept
    deeper

  end
g: &anchor
  h: 1
i: *anchor
)");
}

TEST(FormatterTest, SaysWhyATextIsLeftAlone) {
  EXPECT_THAT(Format("a: |2\n    x\n").status().message(),
              HasSubstr("k.yml is left as it is: it has a block scalar with an explicit"));
  EXPECT_THAT(Format("? a\n: b\n").status().message(), HasSubstr("begins a line with '?'"));
  EXPECT_THAT(Format("a: [\n").status().message(), HasSubstr("k.yml:"));
}

TEST(FormatterTest, TakesLineEndsOfAllKinds) {
  ExpectFormat("a: 1\r\nb:\r\n- 2", "a: 1\nb:\n  - 2\n");
  ExpectFormat("---\na: 1\n...\n", "---\na: 1\n...\n");
}

}  // namespace
}  // namespace kur
