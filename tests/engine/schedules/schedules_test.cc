// Schedules give the learning rates that PyTorch's give.

#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "engine/kurfile/specs/schedule_spec.h"
#include "engine/kurfile/yaml/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const json& Cases() {
  static const auto* const kCases = new json([] {
    std::ifstream file(std::string(KUR_TEST_DATA_DIR) + "/engine/schedules/schedule_cases.json");
    return json::parse(file);
  }());
  return *kCases;
}

// The schedule of a text as it stands behind `schedule:`.
std::shared_ptr<const ScheduleSpec> Parse(const std::string& yaml, std::string* errors) {
  const Value value = *ParseYaml(yaml, std::make_shared<const std::string>("test.yml"));
  Diagnostics diagnostics;
  std::shared_ptr<const ScheduleSpec> schedule;
  FieldTraits<std::shared_ptr<const ScheduleSpec>>::Parse(value, "train.schedule", &diagnostics,
                                                          &schedule);
  *errors = diagnostics.ToStatus().ToString();
  return schedule;
}

std::shared_ptr<const ScheduleSpec> Build(const json& run) {
  std::string spec = run.at("spec");
  spec.insert(1, "name: " + run.at("kind").get<std::string>() + (spec == "{}" ? "" : ", "));
  std::string errors;
  auto schedule = Parse(spec, &errors);
  EXPECT_NE(schedule, nullptr) << errors;
  return schedule;
}

TEST(SchedulesTest, FollowPyTorch) {
  EXPECT_EQ(Cases().size(), 48U);
  for (const json& run : Cases()) {
    SCOPED_TRACE(run.at("kind").get<std::string>() + " " + run.at("spec").get<std::string>());
    const auto schedule = Build(run);
    ScheduleTime time;
    time.steps_per_epoch = run.at("steps_per_epoch");
    time.total_steps = run.at("total_steps");
    ScheduleState state;
    const auto validation = run.at("validation").get<std::vector<double>>();
    for (const double expected : run.at("factors")) {
      EXPECT_NEAR(schedule->Factor(time, state), expected, 1e-9) << "step " << time.step;
      ++time.step;
      if (validation.empty() || time.step % time.steps_per_epoch != 0) continue;
      schedule->ObserveValidation(
          validation[static_cast<size_t>(time.step / time.steps_per_epoch - 1)], &state);
    }
  }
}

TEST(SchedulesTest, GiveARateForRunsOfNoKnownLengthAndOfAlmostNone) {
  for (const json& run : Cases()) {
    SCOPED_TRACE(run.at("kind").get<std::string>() + " " + run.at("spec").get<std::string>());
    const auto schedule = Build(run);
    for (const int64_t total : {0, 1, 2}) {
      for (int64_t step = 0; step <= total; ++step) {
        const double factor = schedule->Factor({step, /*steps_per_epoch=*/1, total}, {});
        EXPECT_TRUE(factor >= 0 && factor <= 1) << total << " " << step << ": " << factor;
      }
    }
  }
}

TEST(SchedulesTest, AnEpochOfWhichAWarmupTakesAPartCounts) {
  std::string errors;
  const auto schedule =
      Parse("{name: warmup, length: 1, then: {name: one_cycle, unit: epoch, end: 0.5}}", &errors);
  // Three epochs of four steps: the end is reached in the last.
  EXPECT_GT(schedule->Factor({/*step=*/8, /*steps_per_epoch=*/4, /*total_steps=*/12}, {}), 0.6);
  EXPECT_DOUBLE_EQ(schedule->Factor({11, 4, 12}, {}), 0.5);
}

TEST(SchedulesTest, StayAtTheirEndWhenTheRunIsLonger) {
  std::string errors;
  const auto cosine = Parse("{name: cosine, length: 3, minimum: 0.25}", &errors);
  const auto cycle = Parse("{name: one_cycle, length: 10, end: 0.5}", &errors);
  ScheduleTime time;
  time.step = 1000;
  EXPECT_DOUBLE_EQ(cosine->Factor(time, {}), 0.25);
  EXPECT_DOUBLE_EQ(cycle->Factor(time, {}), 0.5);
}

TEST(SchedulesTest, APlateauIsNoMatterOfLossesThatAreNoNumbers) {
  std::string errors;
  const auto plateau = Parse("{name: reduce_on_plateau, patience: 1, factor: 0.5}", &errors);
  ScheduleState state;
  plateau->ObserveValidation(std::nan(""), &state);
  plateau->ObserveValidation(1, &state);
  plateau->ObserveValidation(std::nan(""), &state);
  EXPECT_EQ(plateau->Factor({}, state), 1);
  plateau->ObserveValidation(2, &state);
  EXPECT_EQ(plateau->Factor({}, state), 0.5);
}

TEST(SchedulesTest, SayWhatIsWrong) {
  std::string errors;
  EXPECT_EQ(Parse("{name: cosin}", &errors), nullptr);
  EXPECT_THAT(errors, HasSubstr("unknown schedule 'cosin'; did you mean 'cosine'?"));
  EXPECT_EQ(Parse("{name: step, every: 2, at: [3]}", &errors), nullptr);
  EXPECT_THAT(errors, HasSubstr("train.schedule: give either 'every' or 'at'"));
  EXPECT_EQ(Parse("{length: 3}", &errors), nullptr);
  EXPECT_THAT(errors, HasSubstr("expected the name of a schedule, or a dictionary with 'name'"));
  EXPECT_EQ(Parse("{name: warmup, length: 3, then: {name: step}}", &errors), nullptr);
  EXPECT_THAT(errors, HasSubstr("train.schedule.then"));
}

TEST(SchedulesTest, AreTheseKinds) {
  EXPECT_THAT(
      Registry<ScheduleKind>::Get().Names(),
      ElementsAre("cosine", "exponential", "one_cycle", "reduce_on_plateau", "step", "warmup"));
}

}  // namespace
}  // namespace kur
