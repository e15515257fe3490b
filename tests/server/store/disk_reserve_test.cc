#include "server/store/disk_reserve.h"

#include <gtest/gtest.h>

#include "engine/base/file_system.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

TEST(DiskReserveTest, HoldsItsSpaceUntilItIsGivenUp) {
  const TemporaryDirectory directory;
  const std::string path = directory.File("reserve");
  DiskReserve reserve(path);
  EXPECT_EQ(*FileSize(path), DiskReserve::kBytes);
  EXPECT_TRUE(reserve.GiveUp());
  EXPECT_FALSE(Exists(path));
  EXPECT_FALSE(reserve.GiveUp()) << "there is nothing left";
  reserve.Refill();
  EXPECT_EQ(*FileSize(path), DiskReserve::kBytes);
}

TEST(DiskReserveTest, UsesWhatAnEarlierOneHasLeft) {
  const TemporaryDirectory directory;
  { const DiskReserve reserve(directory.File("reserve")); }
  EXPECT_TRUE(DiskReserve(directory.File("reserve")).GiveUp());
}

TEST(DiskReserveTest, AFileWithoutSpaceIsNoReserve) {
  const TemporaryDirectory directory;
  DiskReserve reserve(directory.Write("reserve", "sparse"));
  EXPECT_EQ(*FileSize(directory.File("reserve")), DiskReserve::kBytes);
}

TEST(DiskReserveTest, WithoutADirectoryThereIsNone) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(DiskReserve(directory.File("none/reserve")).GiveUp());
}

}  // namespace
}  // namespace kur::server
