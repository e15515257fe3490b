#include "client/output/structured.h"

#include "gtest/gtest.h"
#include "kur/v1/job.pb.h"

namespace kur::client {
namespace {

v1::Input ExampleInput() {
  v1::Input input;
  input.set_path("data/mnist.npz");
  input.set_size(12);
  return input;
}

TEST(ToJsonLine, KeepsFieldNamesAndDefaults) {
  EXPECT_EQ(ToJsonLine(ExampleInput()), R"({"path":"data/mnist.npz","sha256":"","size":"12"})");
}

TEST(RenderStructured, PrintsListsAsJson) {
  const std::vector<v1::Input> inputs = {ExampleInput()};
  EXPECT_EQ(RenderStructured(OutputFormat::kJson, ToJsonList(inputs)),
            "[\n"
            "  {\n"
            "    \"path\": \"data/mnist.npz\",\n"
            "    \"sha256\": \"\",\n"
            "    \"size\": \"12\"\n"
            "  }\n"
            "]\n");
}

TEST(RenderStructured, PrintsNestedDataAsYaml) {
  const Json json = {{"name", "cifar-7"},
                     {"seed", 12},
                     {"devices", {"cpu0", "cpu1"}},
                     {"inputs", {{{"path", "a.npz"}, {"size", "3"}}, {{"path", "b.npz"}}}},
                     {"progress", {{"loss", 0.5}}},
                     {"overrides", Json::array()}};
  EXPECT_EQ(RenderStructured(OutputFormat::kYaml, json),
            "name: cifar-7\n"
            "seed: 12\n"
            "devices:\n"
            "  - cpu0\n"
            "  - cpu1\n"
            "inputs:\n"
            "  - path: a.npz\n"
            "    size: \"3\"\n"
            "  - path: b.npz\n"
            "progress:\n"
            "  loss: 0.5\n"
            "overrides: []\n");
}

TEST(ToYaml, QuotesWhatYamlWouldReadAsSomethingElse) {
  EXPECT_EQ(ToYaml(Json("no")), "\"no\"\n");
  EXPECT_EQ(ToYaml(Json("12")), "\"12\"\n");
  EXPECT_EQ(ToYaml(Json("a: b")), "\"a: b\"\n");
  EXPECT_EQ(ToYaml(Json("")), "\"\"\n");
  EXPECT_EQ(ToYaml(Json("cpu0")), "cpu0\n");
  EXPECT_EQ(ToYaml(Json(nullptr)), "null\n");
}

}  // namespace
}  // namespace kur::client
