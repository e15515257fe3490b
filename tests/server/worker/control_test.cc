#include "server/worker/control.h"

#include "gtest/gtest.h"

namespace kur::worker {
namespace {

RunCommand Checkpoint(int64_t id) { return {id, RunCommand::Kind::kCheckpoint}; }

TEST(ControlTest, IsCancelledOnceAndForAll) {
  Control control;
  EXPECT_FALSE(control.IsCancelled());
  control.Cancel();
  EXPECT_TRUE(control.IsCancelled());
  EXPECT_TRUE(control.IsCancelled());
}

TEST(ControlTest, HandsEachCommandOutOnceAndInOrder) {
  Control control;
  EXPECT_FALSE(control.TakeCommand().has_value());
  control.Add(Checkpoint(3));
  control.Add(Checkpoint(5));
  EXPECT_EQ(control.TakeCommand()->id, 3);
  EXPECT_EQ(control.TakeCommand()->id, 5);
  EXPECT_FALSE(control.TakeCommand().has_value());
}

TEST(ControlTest, ACommandThatComesAgainIsIgnoredWhetherTakenOrNot) {
  Control control;
  control.Add(Checkpoint(3));
  ASSERT_TRUE(control.TakeCommand().has_value());
  control.Add(Checkpoint(5));
  control.Add(Checkpoint(3));
  control.Add(Checkpoint(5));
  EXPECT_EQ(control.TakeCommand()->id, 5);
  EXPECT_FALSE(control.TakeCommand().has_value());
}

TEST(ControlTest, WhatAnEarlierProcessHasDoneIsIgnored) {
  Control control;
  control.IgnoreUpTo(4);
  control.Add(Checkpoint(3));
  control.Add(Checkpoint(4));
  control.Add(Checkpoint(5));
  EXPECT_EQ(control.TakeCommand()->id, 5);
  EXPECT_FALSE(control.TakeCommand().has_value());
}

}  // namespace
}  // namespace kur::worker
