#include "server/store/disk_reserve.h"

#include <gtest/gtest.h>

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

TEST(DiskReserveTest, WithoutADirectoryThereIsNone) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(DiskReserve(directory.File("none/reserve")).GiveUpPiece());
}

}  // namespace
}  // namespace kur::server
