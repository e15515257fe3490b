#include "engine/kurfile/model_expander.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Expanded {
  ModelPlan plan;
  std::string errors;

  // "name <- input input" for each layer.
  std::vector<std::string> edges() const {
    std::vector<std::string> lines;
    for (const PlannedLayer& layer : plan.layers) {
      std::string line = layer.name;
      for (const int input : layer.inputs) {
        absl::StrAppend(&line, " <- ", plan.layers[static_cast<size_t>(input)].name);
      }
      lines.push_back(line);
    }
    return lines;
  }

  std::vector<std::string> outputs() const {
    std::vector<std::string> names;
    for (const int output : plan.outputs) {
      names.push_back(plan.layers[static_cast<size_t>(output)].name);
    }
    return names;
  }
};

Expanded Expand(const std::string& text) {
  const auto model = ParseYaml(text, std::make_shared<const std::string>("m.yml"));
  EXPECT_TRUE(model.ok()) << model.status();
  Diagnostics diagnostics;
  const TemplateEngine engine;
  Expanded expanded;
  expanded.plan = ExpandModel(*model, engine, Scope(), &diagnostics);
  expanded.errors = std::string(diagnostics.ToStatus().message());
  return expanded;
}

TEST(ModelExpanderTest, LayersFollowEachOtherUnlessToldOtherwise) {
  const Expanded expanded = Expand(R"(
- input: x
- dense: 4
  name: a
- dense: 4
  name: b
- dense: 4
  name: c
  inputs: a
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "a <- x", "b <- a", "c <- a"));
  EXPECT_THAT(expanded.outputs(), ElementsAre("b", "c"));
}

TEST(ModelExpanderTest, SinksAreOutputsToo) {
  const Expanded expanded = Expand("[{input: x}, {dense: 1, name: a, sink: yes}, {dense: 1}]");
  EXPECT_THAT(expanded.outputs(), ElementsAre("a", "..dense.0"));
}

TEST(ModelExpanderTest, WhatIsSaidOfALoopHoldsForItsEnds) {
  const Expanded expanded = Expand(R"(
- input: x
- dense: 2
  name: a
- dense: 3
- for:
    range: 2
    with_index: i
    iterate:
      - dense: "{{ i + 1 }}"
  name: loop
  inputs: a
- dense: 5
  inputs: loop
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "a <- x", "..dense.0 <- a", "..dense.1 <- a",
                                            "loop <- ..dense.1", "..dense.3 <- loop"));
}

TEST(ModelExpanderTest, ForEachGoesThroughAList) {
  const Expanded expanded = Expand(R"(
- input: x
- for_each:
    items: [3, 4]
    loop_var: size
    iterate:
      - dense: "{{ size }}"
        name: "d{{ size }}"
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "d3 <- x", "d4 <- d3"));
  EXPECT_THAT(Expand("[{input: x}, {for_each: {items: 3, iterate: []}}]").errors,
              HasSubstr("for_each.items: expected a list, got 3"));
}

TEST(ModelExpanderTest, TagsNameTheLatestAndOldestTheFirst) {
  const Expanded expanded = Expand(R"(
- input: x
- dense: 1
  name: one
  tag: t
  oldest: o
- dense: 1
  name: two
  tag: t
  oldest: o
- dense: 1
  name: three
  inputs: ["{{ tags.t }}", "{{ oldest.o }}", "{{ layers[0] }}"]
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_EQ(expanded.edges().back(), "three <- two <- one <- x");
}

TEST(ModelExpanderTest, FreezeIsInherited) {
  const Expanded expanded = Expand(R"(
- input: x
- for:
    range: 1
    iterate:
      - dense: 1
      - dense: 2
        freeze: no
  freeze: yes
- dense: 3
)");
  EXPECT_TRUE(expanded.plan.layers[1].frozen);
  EXPECT_FALSE(expanded.plan.layers[2].frozen);
  EXPECT_FALSE(expanded.plan.layers[3].frozen);
}

TEST(ModelExpanderTest, WhenLeavesLayersOut) {
  const Expanded expanded = Expand(R"(
- input: x
- dense: 1
  when: "{{ 1 > 2 }}"
- dense: 2
  when: yes
)");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "..dense.0 <- x"));
}

TEST(ModelExpanderTest, InputsMayStandLaterAndCirclesAreRefused) {
  EXPECT_THAT(Expand("[{input: x}, {dense: 1, name: a, inputs: b}, {dense: 1, name: b, inputs: x}]")
                  .edges(),
              ElementsAre("x", "b <- x", "a <- b"));
  EXPECT_THAT(Expand("[{input: x}, {dense: 1, name: a, inputs: b}, {dense: 1, name: b}]").errors,
              HasSubstr("inputs go round in a circle: a <- b <- a"));
}

TEST(ModelExpanderTest, ReportsNamesThatAreTakenOrMissing) {
  EXPECT_THAT(Expand("[{input: x}, {dense: 1, name: x}]").errors,
              HasSubstr("the name 'x' is taken; the first is at m.yml:1:3"));
  EXPECT_THAT(Expand("[{input: images}, {dense: 1, inputs: imags}]").errors,
              HasSubstr("there is no layer 'imags' to take as input; did you mean 'images'?"));
  EXPECT_THAT(Expand("[{dense: 1}]").errors, HasSubstr("the first layer of a model is an 'input'"));
}

TEST(ModelExpanderTest, OneLayerInEachEntry) {
  EXPECT_THAT(Expand("[{input: x}, {dense: 1, flatten: yes}]").errors,
              HasSubstr("'flatten' and 'dense' in one entry"));
}

TEST(ModelExpanderTest, HostileLoopsEndWithAnError) {
  EXPECT_THAT(Expand("[{input: x}, {for: {range: 1000000000, iterate: [{flatten: }]}}]").errors,
              HasSubstr("more than 100000 layers"));
  EXPECT_EQ(Expand("[{input: x}, {for: {range: 1000000000000, iterate: []}}]").errors, "");
  EXPECT_THAT(Expand("[{input: x}, {for: {range: -1, iterate: []}}]").errors,
              HasSubstr("must be at least 0"));
}

}  // namespace
}  // namespace kur
