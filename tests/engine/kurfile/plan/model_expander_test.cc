#include "engine/kurfile/plan/model_expander.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/yaml/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Expanded {
  ModelPlan plan;
  std::string errors;
  std::vector<std::string> notes;

  // Returns "name <- input input" for each layer.
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

Expanded Expand(const std::string& text, const std::string& templates = "null",
                bool with_shapes = false) {
  const auto model = ParseYaml(text, std::make_shared<const std::string>("m.yml"));
  EXPECT_TRUE(model.ok()) << model.status();
  const auto bodies = ParseYaml(templates, std::make_shared<const std::string>("t.yml"));
  EXPECT_TRUE(bodies.ok()) << bodies.status();
  Diagnostics diagnostics;
  const TemplateEngine engine;
  Expanded expanded;
  expanded.plan = ExpandModel(*model, *bodies, engine, Scope(), &diagnostics);
  if (with_shapes) InferShapes({{"x", {6}}, {"sequence", {5, 6}}}, &expanded.plan, &diagnostics);
  expanded.errors = std::string(diagnostics.ToStatus().message());
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity == Diagnostic::Severity::kNote) {
      expanded.notes.push_back(diagnostic.message);
    }
  }
  return expanded;
}

// Expands a model and infers its shapes.
Expanded Plan(const std::string& text, const std::string& templates = "null") {
  return Expand(text, templates, /*with_shapes=*/true);
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
              HasSubstr("for_each.items: expected a list, a dictionary or a text, got 3"));
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
              HasSubstr("more than 20000 layers"));
  EXPECT_THAT(Expand("[{input: x}, {for: {range: 1000000000000, iterate: []}}]").errors,
              HasSubstr("model[1].for: the model takes more than 1000000 steps to expand"));
  EXPECT_THAT(Expand("[{input: x}, {for: {range: -1, iterate: []}}]").errors,
              HasSubstr("must be at least 0"));
}

TEST(ModelExpanderTest, TemplatesStandForTheirLayers) {
  const Expanded expanded = Expand(R"(
- input: x
- stack:
    depth: 2
    units: {size: 4}
  name: body
- dense: 1
  inputs: body
)",
                                   R"(
stack:
  - for:
      range: "{{ depth }}"
      iterate:
        - dense: "{{ units }}"
  - activation: relu
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "..dense.0 <- x", "..dense.1 <- ..dense.0",
                                            "body <- ..dense.1", "..dense.2 <- body"));
}

TEST(ModelExpanderTest, TemplatesNestAndSeeTheScopeAroundThem) {
  const Expanded expanded = Expand(R"(
- input: x
- for:
    range: 2
    iterate:
      - outer: {base: 10}
)",
                                   R"(
outer:
  - inner: {size: "{{ base + index }}"}
inner: {dense: "{{ args.size }}", name: "d{{ size }}"}
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "d10 <- x", "d11 <- d10"));
}

TEST(ModelExpanderTest, TemplatesKnowWhatTheyFollow) {
  const Expanded expanded = Expand(R"(
- input: x
- dense: 4
  name: a
- dense: 4
- skip
- skip:
  inputs: a
)",
                                   R"(
skip:
  - dense: 4
  - merge: add
    inputs: ["{{ layers[-1] }}", "{{ inputs[0] }}"]
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(),
              ElementsAre("x", "a <- x", "..dense.0 <- a", "..dense.1 <- ..dense.0",
                          "..merge.0 <- ..dense.1 <- ..dense.0", "..dense.2 <- a",
                          "..merge.1 <- ..dense.2 <- a"));
}

TEST(ModelExpanderTest, AnArgumentMayReferToWhatOnlyTheTemplateKnows) {
  const Expanded expanded = Plan(R"([{input: x}, {stack: {body: [{dense: "{{ index + 1 }}"}]}}])",
                                 R"(stack: [{for: {range: 2, iterate: "{{ body }}"}}])");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_EQ(expanded.plan.layers.size(), 3);
  EXPECT_EQ(expanded.plan.layers[2].shape, Shape{2});
}

TEST(ModelExpanderTest, AnArgumentThatNobodyKnowsIsReportedWhereItStands) {
  const std::string errors = Expand(R"(
- input: x
- stack:
    size: "{{ nowhere }}"
)",
                                    R"(stack: [{dense: "{{ size }}"}])")
                                 .errors;
  EXPECT_EQ(errors, "m.yml:4:11: error: model[1].stack.size: 'nowhere' is undefined");
  // Also inside a longer text; other errors inside are not the argument's.
  const std::string both = Expand(R"([{input: x}, {stack: {size: "{{ 1 // 0 }}"}}])",
                                  R"(stack: [{dense: "1{{ size }}"}, {dense: {sice: 3}}])")
                               .errors;
  EXPECT_THAT(both, HasSubstr("m.yml:1:29: error: model[1].stack.size: "));
  EXPECT_THAT(both, HasSubstr("did you mean 'size'?"));
  EXPECT_THAT(both, Not(HasSubstr("stack[0]")));
}

TEST(ModelExpanderTest, ALongCircleIsShownInPart) {
  const Expanded expanded = Expand(R"([{input: x},
    {for: {range: 15000, iterate: [{dense: 1, name: "n{{ index }}", inputs: "n{{ (index + 1) % 15000 }}"}]}}])");
  EXPECT_THAT(expanded.errors, HasSubstr("(14988 more) <- n0"));
  EXPECT_LT(expanded.errors.size(), 400);
}

TEST(ModelExpanderTest, RefusesWrongTemplates) {
  EXPECT_THAT(Expand("[{input: x}, {dense: 1}]", "{dense: [{flatten: }]}").errors,
              HasSubstr("t.yml:1:2: error: templates.dense: 'dense' has a meaning of its own"));
  EXPECT_THAT(Expand("[{input: x}, {stak: }]", "{stack: [{flatten: }]}").errors,
              HasSubstr("unknown layer or key 'stak'; did you mean 'stack'?"));
  EXPECT_THAT(Expand("[{input: x}, {stack: 3}]", "{stack: [{flatten: }]}").errors,
              HasSubstr("model[1].stack: expected the arguments of the template as a dictionary"));
  EXPECT_THAT(Expand("[{input: x}, loop]", "{loop: [loop, loop]}").errors,
              HasSubstr("nested deeper than 64 levels"));
  EXPECT_THAT(Expand("[{input: x}]", "[]").errors, HasSubstr("expected a dictionary"));
}

TEST(ModelExpanderTest, DebugSaysSomethingAndAssertRefuses) {
  const Expanded expanded = Expand(R"(
- input: x
- debug: "{{ layers|length }} so far"
- assert: "{{ layers|length == 2 }}"
- dense: 1
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.notes, ElementsAre("1 so far"));
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "..dense.0 <- x"));
  EXPECT_THAT(Expand(R"([{input: x}, {assert: "{{ 1 > 2 }}"}])").errors,
              HasSubstr(R"(model[1].assert: does not hold: "{{ 1 > 2 }}" gives false)"));
  EXPECT_THAT(Expand(R"([{input: x}, {assert: [yes, "{{ 1 > 2 }}"]}])").errors,
              HasSubstr("m.yml:1:29: error: model[1].assert: does not hold"));
}

TEST(ModelExpanderTest, ParallelAppliesLayersAlongTheFirstAxis) {
  const Expanded expanded = Plan(R"(
- input: sequence
- parallel:
    apply:
      - dense: 4
      - for: {range: 1, iterate: [{activation: relu}]}
  name: mapped
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_EQ(expanded.plan.layers[1].shape, (Shape{5, 4}));
  EXPECT_EQ(expanded.plan.layers[1].mapped_axes, 1);
  EXPECT_EQ(expanded.plan.layers[1].multiply_adds, 5 * 6 * 4);
  EXPECT_EQ(expanded.plan.layers[1].weights[0].shape, (Shape{4, 6}));
  EXPECT_EQ(expanded.plan.layers[2].name, "mapped");
  EXPECT_THAT(Plan("[{input: x}, {parallel: {apply: [{dense: 1}]}}]").errors,
              HasSubstr("'parallel' goes along the first axis of a sample"));
}

TEST(ModelExpanderTest, ResidualAddsTheInputToWhatItsLayersGive) {
  const Expanded model = Expand(R"(
- input: x
- residual: [{dense: 6, name: inner}, {activation: relu}]
  name: block
- residual: {apply: "{{ [{'dense': 6}] }}"}
- dense: 1
  name: y
)",
                                "null", /*with_shapes=*/true);
  EXPECT_EQ(model.errors, "");
  EXPECT_THAT(model.edges(), ElementsAre("x", "inner <- x", "..activation.0 <- inner",
                                         "block <- ..activation.0 <- x", "..dense.0 <- block",
                                         "..merge.1 <- ..dense.0 <- block", "y <- ..merge.1"));
}

TEST(ModelExpanderTest, ResidualTakesAnInputByNameAndNests) {
  const Expanded model = Expand(R"(
- input: x
- dense: 3
- residual:
    - dense: 6
    - residual: [{dense: 6}]
  inputs: x
  name: y
)");
  EXPECT_EQ(model.errors, "");
  EXPECT_THAT(model.edges(),
              ElementsAre("x", "..dense.0 <- x", "..dense.1 <- x", "..dense.2 <- ..dense.1",
                          "..merge.0 <- ..dense.2 <- ..dense.1", "y <- ..merge.0 <- x"));
}

TEST(ModelExpanderTest, ResidualSaysWhatIsWrong) {
  EXPECT_THAT(Expand("[{residual: [{dense: 1}]}]").errors, HasSubstr("no layer before it"));
  EXPECT_THAT(Expand("[{input: x}, {residual: []}]").errors, HasSubstr("applies no layer"));
  EXPECT_THAT(
      Expand("[{input: x}, {dense: 1, name: a}, {residual: [{dense: 1}], inputs: [x, a]}]").errors,
      HasSubstr("adds one input"));
  EXPECT_THAT(Expand("[{input: x}, {residual: [{dense: 5}]}]", "null", /*with_shapes=*/true).errors,
              HasSubstr("the shapes (5,) and (6,) are not the same"));
}

TEST(ModelExpanderTest, ReuseSharesTheWeightsOfALayer) {
  const Expanded expanded = Plan(R"(
- input: x
- dense: 6
  name: a
- reuse: a
- reuse: {target: a}
  name: again
  inputs: x
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "a <- x", "..reuse.0 <- a", "again <- x"));
  EXPECT_EQ(expanded.plan.layers[2].weights_of, "a");
  EXPECT_EQ(expanded.plan.layers[2].parameters, 0);
  EXPECT_EQ(expanded.plan.parameters, 6 * 6 + 6);
}

TEST(ModelExpanderTest, ReuseRepeatsWholeContainersWhereverTheyStand) {
  const Expanded expanded = Plan(R"(
- input: x
- reuse: tower
  name: left
- for: {range: 2, iterate: [{dense: 6}]}
  name: tower
  inputs: x
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "left/..dense.0 <- x", "left <- left/..dense.0",
                                            "..dense.0 <- x", "tower <- ..dense.0"));
  // The layer has the name of the loop.
  EXPECT_EQ(expanded.plan.layers[2].weights_of, "tower");
  EXPECT_EQ(expanded.plan.parameters, 2 * (6 * 6 + 6));
}

// A copy takes the input before the copy in place of the input before the original.
TEST(ModelExpanderTest, AReusedResidualAddsItsOwnInput) {
  const Expanded expanded = Plan(R"(
- input: x
- residual: [{dense: 6, name: d}]
  name: block
- activation: relu
  name: between
- {reuse: block, name: again}
- {reuse: block, name: other, inputs: x}
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "d <- x", "block <- d <- x", "between <- block",
                                            "again/d <- between", "again <- again/d <- between",
                                            "other/d <- x", "other <- other/d <- x"));
}

TEST(ModelExpanderTest, AReusedContainerKeepsWhatItTakesFromElsewhere) {
  const Expanded expanded = Plan(R"(
- input: x
- input: {name: y, shape: [6]}
- for:
    range: 1
    iterate:
      - dense: 6
        name: d
        inputs: x
      - {merge: add, inputs: [d, x, y]}
  name: block
- reuse: block
  name: again
  inputs: block
)");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.edges(), ElementsAre("x", "y", "d <- x", "block <- d <- x <- y",
                                            "again/d <- block", "again <- again/d <- block <- y"));
}

TEST(ModelExpanderTest, RefusesReuseThatCannotBe) {
  EXPECT_THAT(Plan("[{input: x}, {dense: 2, name: abc}, {reuse: abd}]").errors,
              HasSubstr("there is no layer 'abd' to reuse; did you mean 'abc'?"));
  EXPECT_THAT(Plan("[{input: x}, {dense: 2, name: a}, {reuse: a}]").errors,
              HasSubstr("cannot use the weights of 'a': weight would have to be (2, 2) here and "
                        "is (2, 6) there"));
  EXPECT_THAT(Plan("[{input: x}, {reuse: x}]").errors, HasSubstr("is an input"));
  EXPECT_THAT(
      Plan("[{input: x}, {for: {range: 1, iterate: [{dense: 6}, {reuse: f}]}, name: f}]").errors,
      HasSubstr("'f' would reuse itself"));
}

TEST(ModelExpanderTest, SizesThatNoMemoryHoldsAreRefused) {
  EXPECT_THAT(Plan("[{input: {shape: [9223372036, 1000000000]}, name: y}]").errors,
              HasSubstr("model[0].input: its shape would be (9223372036, 1000000000), which is "
                        "larger than any memory"));
  EXPECT_THAT(Plan("[{input: x}, {dense: 9223372036854775807}]").errors,
              HasSubstr("model[1].dense: its weight would be (9223372036854775807, 6)"));
}

TEST(ModelExpanderTest, ConnectionsAreCounted) {
  EXPECT_THAT(
      Expand(
          R"([{input: x}, {dense: 8}, {for: {range: 3000, iterate: [{merge: add, inputs: "{{ layers }}"}]}}])")
          .errors,
      HasSubstr("more than 100000 inputs together"));
}

TEST(ModelExpanderTest, AnOutputNamesTheLayerBeforeIt) {
  const Expanded expanded = Expand("[{input: x}, {dense: 2}, {output: y}, {dense: 3}]");
  EXPECT_EQ(expanded.errors, "");
  EXPECT_THAT(expanded.outputs(), ElementsAre("y", "..dense.1"));
}

}  // namespace
}  // namespace kur
