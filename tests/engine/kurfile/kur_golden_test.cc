// Kurfiles have the same meaning as in the original Kur, recorded by
// tests/reference/kur_kurfiles.py.

#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/section_evaluator.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using nlohmann::json;

std::string Golden(const std::string& name) {
  return std::string(KUR_TEST_DATA_DIR) + "/engine/kurfile/golden/" + name;
}

json ReadJson(const std::string& name) { return json::parse(std::ifstream(Golden(name))); }

class KurGoldenTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto kurfile = Kurfile::Load(Golden(std::string(GetParam()) + ".yml"));
    ASSERT_TRUE(kurfile.ok()) << kurfile.status();
    kurfile_.emplace(*std::move(kurfile));
  }

  std::optional<Kurfile> kurfile_;
};

TEST_P(KurGoldenTest, EvaluatesTheSame) {
  // Kur dumps sections with an alias under both names.
  Dict dump = kurfile_->evaluated().as_dict();
  for (const auto& [ours, other] : SectionNames()) {
    const Value* section = kurfile_->evaluated().Find(ours);
    if (section != nullptr && *other != '\0') dump.Set(Value(other), *section);
  }
  EXPECT_EQ(json::parse(ToJson(Value(std::move(dump)))),
            ReadJson(std::string(GetParam()) + ".dump.json"));
}

TEST_P(KurGoldenTest, PlansTheSameLayers) {
  const ModelPlan& plan = kurfile_->plan();
  size_t compared = 0;
  const json golden = ReadJson(std::string(GetParam()) + ".layers.json");
  for (const json& theirs : golden["layers"]) {
    SCOPED_TRACE(theirs["name"].get<std::string>());
    const PlannedLayer* ours = plan.Find(theirs["name"]);
    ASSERT_NE(ours, nullptr);
    ++compared;
    EXPECT_EQ(ours->shape, theirs["shape"].get<Shape>());
    // Kur counts one layer with a model inside; here the layers inside count, and the last has the
    // name.
    if (theirs["type"] == "parallel") continue;
    EXPECT_EQ(ours->kind, theirs["type"]);
    EXPECT_EQ(ours->parameters, theirs["parameters"]);
    std::vector<std::string> inputs;
    for (const int input : ours->inputs) {
      inputs.push_back(plan.layers[static_cast<size_t>(input)].name);
    }
    EXPECT_EQ(inputs, theirs["inputs"].get<std::vector<std::string>>());
  }
  EXPECT_GE(compared, 9U);
}

INSTANTIATE_TEST_SUITE_P(Kurfiles, KurGoldenTest,
                         ::testing::Values("images", "sequence", "templates"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace kur
