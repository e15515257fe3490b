#include "client/output/format.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace kur::client {
namespace {

TEST(HumanDuration, NamesTheTwoLargestUnits) {
  EXPECT_EQ(HumanDuration(absl::Seconds(-5)), "0s");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(850)), "850ms");
  EXPECT_EQ(HumanDuration(absl::Seconds(59.9)), "59s");
  EXPECT_EQ(HumanDuration(absl::Seconds(192)), "3m12s");
  EXPECT_EQ(HumanDuration(absl::Minutes(125)), "2h05m");
  EXPECT_EQ(HumanDuration(absl::Hours(76)), "3d04h");
}

TEST(HumanBytes, UsesBinaryUnits) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
  EXPECT_EQ(HumanBytes((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(HumanBytes(int64_t{5} << 40), "5.0 TiB");
}

TEST(HumanCount, SetsThousandsApart) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(34826), "34,826");
  EXPECT_EQ(HumanCount(-1234567), "-1,234,567");
}

TEST(HumanNumber, KeepsFourSignificantDigits) {
  EXPECT_EQ(HumanNumber(0), "0");
  EXPECT_EQ(HumanNumber(0.43124), "0.4312");
  EXPECT_EQ(HumanNumber(2.302585), "2.303");
  EXPECT_EQ(HumanNumber(1234.56), "1235");
  EXPECT_EQ(HumanNumber(1.234e-7), "1.23e-07");
  EXPECT_EQ(HumanNumber(std::nan("")), "nan");
  EXPECT_EQ(HumanNumber(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(HumanRate, StaysShort) {
  EXPECT_EQ(HumanRate(0), "0");
  EXPECT_EQ(HumanRate(12.44), "12.4");
  EXPECT_EQ(HumanRate(830), "830");
  EXPECT_EQ(HumanRate(999.9), "1.0k");
  EXPECT_EQ(HumanRate(1912), "1.9k");
  EXPECT_EQ(HumanRate(3.1e6), "3.1M");
}

TEST(HumanPercent, Says100OnlyWhenAllIsDone) {
  EXPECT_EQ(HumanPercent(0.999), "99%");
  EXPECT_EQ(HumanPercent(1), "100%");
  EXPECT_EQ(HumanPercent(1.5), "100%");
  EXPECT_EQ(HumanPercent(std::nan("")), "0%");
}

TEST(Names, AreWhatPeopleType) {
  EXPECT_EQ(ModeName(v1::MODE_EVALUATE), "evaluate");
  EXPECT_EQ(KindName(v1::Artifact::KIND_UNSPECIFIED), "file");
  EXPECT_EQ(KindName(v1::Artifact::KIND_CHECKPOINT), "checkpoint");
}

}  // namespace
}  // namespace kur::client
