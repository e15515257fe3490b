#include "server/store/disk_reserve.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "engine/base/file_system.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

TEST(DiskReserveTest, HoldsItsSpaceUntilItIsGivenUpPieceByPiece) {
  const TemporaryDirectory directory;
  const std::string path = directory.File("reserve");
  DiskReserve reserve(path);
  EXPECT_EQ(*FileSize(path), DiskReserve::kBytes);
  EXPECT_TRUE(reserve.GiveUpPiece());
  EXPECT_EQ(*FileSize(path), DiskReserve::kBytes - DiskReserve::kPieceBytes);
  int64_t pieces = 1;
  while (reserve.GiveUpPiece()) ++pieces;
  EXPECT_EQ(pieces, DiskReserve::kBytes / DiskReserve::kPieceBytes);
  EXPECT_EQ(*FileSize(path), 0);
  reserve.Refill();
  EXPECT_EQ(*FileSize(path), DiskReserve::kBytes);
}

TEST(DiskReserveTest, UsesWhatAnEarlierOneHasLeft) {
  const TemporaryDirectory directory;
  { const DiskReserve reserve(directory.File("reserve")); }
  EXPECT_TRUE(DiskReserve(directory.File("reserve")).GiveUpPiece());
}

TEST(DiskReserveTest, AFileWithoutSpaceIsNoReserve) {
  const TemporaryDirectory directory;
  DiskReserve reserve(directory.Write("reserve", "sparse"));
  EXPECT_EQ(*FileSize(directory.File("reserve")), DiskReserve::kBytes);
}

// As where a quota is used up: no file may be as long as the reserve.
TEST(DiskReserveTest, AnAttemptThatFailsIsMadeAgainAndWhatItGotIsHeld) {
  const TemporaryDirectory directory;
  const std::string path = directory.File("reserve");
  DiskReserve reserve(path);
  while (reserve.GiveUpPiece()) {
  }
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit less = {DiskReserve::kBytes / 2, limit.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &less), 0);
  reserve.Refill();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_LT(FileSize(path).value_or(0), DiskReserve::kBytes);
  // As an attempt leaves it that fails half-way.
  directory.Write("reserve", std::string(DiskReserve::kPieceBytes + 1, '\0'));
  EXPECT_TRUE(reserve.GiveUpPiece());
  EXPECT_EQ(*FileSize(path), 1);
  reserve.Refill();
  EXPECT_EQ(*FileSize(path), DiskReserve::kBytes);
}

TEST(DiskReserveTest, WhatSomebodyHasTakenAwayIsNotHeldAndMadeAgain) {
  const TemporaryDirectory directory;
  const std::string path = directory.File("reserve");
  DiskReserve reserve(path);
  ASSERT_EQ(unlink(path.c_str()), 0);
  EXPECT_FALSE(reserve.GiveUpPiece());
  reserve.Refill();
  EXPECT_EQ(*FileSize(path), DiskReserve::kBytes);
  // A hole takes no space that could be given up.
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  ASSERT_EQ(truncate(path.c_str(), DiskReserve::kBytes), 0);
  EXPECT_FALSE(reserve.GiveUpPiece());
}

TEST(DiskReserveTest, WithoutADirectoryThereIsNone) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(DiskReserve(directory.File("none/reserve")).GiveUpPiece());
}

}  // namespace
}  // namespace kur::server
