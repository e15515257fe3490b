#include "server/scheduler/write_claims.h"

#include <gtest/gtest.h>

#include "tests/server/scheduler/scheduling_helpers.h"

namespace kur::server {
namespace {

SchedulableJob Writer(std::vector<std::string> writes, std::string project = "vision",
                      std::string owner = "ann") {
  SchedulableJob job = Job("later", {}, std::move(writes));
  job.project = std::move(project);
  job.owner = std::move(owner);
  return job;
}

class WriteClaimsTest : public testing::Test {
 protected:
  void Claim(const std::string& name, std::vector<std::string> writes) {
    SchedulableJob job = Writer(std::move(writes));
    job.name = name;
    claims_.Add(job);
  }

  WriteClaims claims_;
};

TEST_F(WriteClaimsTest, TheSamePathMeets) {
  Claim("first", {"best.kur", "last.kur"});
  const auto conflict = claims_.Find(Writer({"log", "last.kur"}));
  ASSERT_TRUE(conflict.has_value());
  EXPECT_EQ(conflict->path, "last.kur");
  EXPECT_EQ(conflict->job, "first");
}

TEST_F(WriteClaimsTest, SpellingDoesNotMatter) {
  Claim("first", {"./weights//last.kur"});
  EXPECT_TRUE(claims_.Find(Writer({"weights/old/../last.kur"})).has_value());
}

TEST_F(WriteClaimsTest, AFolderMeetsWhatIsBelowIt) {
  Claim("first", {"weights/last"});
  EXPECT_TRUE(claims_.Find(Writer({"weights"})).has_value());
  EXPECT_TRUE(claims_.Find(Writer({"weights/last/layer.idx"})).has_value());
}

TEST_F(WriteClaimsTest, NeighboursDoNotMeet) {
  Claim("first", {"weights/last", "log"});
  EXPECT_FALSE(claims_.Find(Writer({"weights/last-2", "weights/best", "logs", "lo", ""})));
}

TEST_F(WriteClaimsTest, ANeighbourBetweenFolderAndContentHidesNothing) {
  // '-' sorts before '/'.
  Claim("near", {"weights-old"});
  Claim("below", {"weights/last"});
  const auto conflict = claims_.Find(Writer({"weights"}));
  ASSERT_TRUE(conflict.has_value());
  EXPECT_EQ(conflict->job, "below");
}

TEST_F(WriteClaimsTest, ProjectsAndOwnersAreApart) {
  Claim("first", {"last.kur"});
  EXPECT_FALSE(claims_.Find(Writer({"last.kur"}, "speech")).has_value());
  EXPECT_FALSE(claims_.Find(Writer({"last.kur"}, "vision", "bob")).has_value());
}

TEST_F(WriteClaimsTest, TheHomeIsOneAcrossTheProjectsOfAnOwner) {
  Claim("first", {"~/last.kur"});
  EXPECT_TRUE(claims_.Find(Writer({"~/last.kur"}, "speech")).has_value());
  EXPECT_TRUE(claims_.Find(Writer({"~"}, "speech")).has_value());
  EXPECT_FALSE(claims_.Find(Writer({"~/last.kur"}, "vision", "bob")).has_value());
  EXPECT_FALSE(claims_.Find(Writer({"last.kur"})).has_value());
}

TEST_F(WriteClaimsTest, APathStaysWithItsFirstClaimant) {
  Claim("first", {"last.kur"});
  Claim("second", {"last.kur"});
  EXPECT_EQ(claims_.Find(Writer({"last.kur"}))->job, "first");
}

}  // namespace
}  // namespace kur::server
