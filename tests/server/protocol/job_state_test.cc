#include "server/protocol/job_state.h"

#include <regex>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

std::string ShortName(v1::JobState state) {
  return v1::JobState_Name(state).substr(std::string("JOB_STATE_").size());
}

// "STARTING -> RUNNING" for every move that the comment of the contract lists.
std::set<std::string> MovesInTheContract() {
  const std::string text =
      *FileSystem::Posix().Read(std::string(KUR_SOURCE_DIR) + "/proto/kur/v1/job.proto");
  const std::regex line("//   ([A-Z]+) +-> ([A-Z |]+)\\n");
  const std::regex word("[A-Z]+");
  std::set<std::string> moves;
  for (std::sregex_iterator match(text.begin(), text.end(), line), end; match != end; ++match) {
    const std::string targets = (*match)[2];
    for (std::sregex_iterator target(targets.begin(), targets.end(), word); target != end;
         ++target) {
      moves.insert(absl::StrCat((*match)[1].str(), " -> ", target->str()));
    }
  }
  return moves;
}

TEST(JobStateTest, TheMovesAreThoseThatTheContractLists) {
  std::set<std::string> allowed;
  for (const v1::JobState from : kAllStates) {
    for (const v1::JobState to : kAllStates) {
      const absl::Status status = CheckTransition(from, to);
      if (status.ok()) {
        allowed.insert(absl::StrCat(ShortName(from), " -> ", ShortName(to)));
      } else {
        EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      }
    }
  }
  EXPECT_EQ(allowed, MovesInTheContract());
}

TEST(JobStateTest, AllStatesAreThoseOfTheContract) {
  EXPECT_EQ(kAllStates.size() + 1, static_cast<size_t>(v1::JobState_ARRAYSIZE));
  for (const v1::JobState state : kAllStates) {
    EXPECT_NE(state, v1::JOB_STATE_UNSPECIFIED);
    EXPECT_NE(StateName(state), "unknown");
  }
}

TEST(JobStateTest, EveryFinalStateIsExactlyOneOutcome) {
  EXPECT_FALSE(IsKnown(v1::JOB_STATE_UNSPECIFIED));
  for (const v1::JobState state : kAllStates) {
    EXPECT_TRUE(IsKnown(state));
    const int outcomes = HasSucceeded(state) + HasFailed(state) + WasCancelled(state);
    EXPECT_EQ(outcomes, IsFinal(state) ? 1 : 0) << StateName(state);
    EXPECT_TRUE(!IsAtWork(state) || HasWorker(state)) << StateName(state);
  }
}

TEST(JobStateTest, WhatIsFinalHoldsNothingAndNeverMoves) {
  for (const v1::JobState state : kAllStates) {
    if (!IsFinal(state)) continue;
    EXPECT_FALSE(HasWorker(state));
    EXPECT_FALSE(HoldsDevices(state));
    for (const v1::JobState to : kAllStates) EXPECT_FALSE(CheckTransition(state, to).ok());
  }
}

}  // namespace
}  // namespace kur
