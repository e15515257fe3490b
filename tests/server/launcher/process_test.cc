#include "server/launcher/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace kur::server {
namespace {

// The fields of /proc/PID/stat from the third on, with group 41 and start time 123456.
constexpr char kFields[] =
    " S 1 41 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 4096 1 18446744073709551615 0 0\n";

TEST(ParseProcessStatTest, FindsTheGroupAndTheStart) {
  const auto stat = ParseProcessStat(std::string("42 (kurd-worker)") + kFields);
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->process_group, 41);
  EXPECT_EQ(stat->start_ticks, 123456u);
}

TEST(ParseProcessStatTest, ANameMayLookLikeFields) {
  const auto stat = ParseProcessStat(std::string("42 (a) S 7 7 (b\n) 8)") + kFields);
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->process_group, 41);
  EXPECT_EQ(stat->start_ticks, 123456u);
}

TEST(ParseProcessStatTest, RefusesWhatIsIncomplete) {
  for (const char* text : {"", "42", "42 (sh)", "42 (sh) S 1 41 41 0 -1", "42 (sh) S 1 x 41"}) {
    EXPECT_EQ(ParseProcessStat(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(ReadProcessStatTest, DescribesThisProcess) {
  const auto stat = ReadProcessStat(getpid());
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->process_group, getpgrp());
  EXPECT_GT(stat->start_ticks, 0u);
}

TEST(OpenPidfdTest, ThisProcessHasNotEnded) {
  const auto pidfd = OpenPidfd(getpid());
  ASSERT_TRUE(pidfd.ok()) << pidfd.status();
  EXPECT_FALSE(HasEnded(*pidfd));
}

TEST(ReapTest, NothingIsKnownOfAProcessThatIsNoChild) {
  const auto pidfd = OpenPidfd(getpid());
  ASSERT_TRUE(pidfd.ok()) << pidfd.status();
  EXPECT_FALSE(Reap(*pidfd).known);
}

TEST(ReadBootIdTest, IsOneLine) {
  const auto boot_id = ReadBootId();
  ASSERT_TRUE(boot_id.ok()) << boot_id.status();
  EXPECT_EQ(boot_id->size(), 36u);
}

}  // namespace
}  // namespace kur::server
