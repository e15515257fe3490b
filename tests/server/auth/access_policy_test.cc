#include "server/auth/access_policy.h"

#include <vector>

#include "gtest/gtest.h"

namespace kur::server {
namespace {

const std::vector<Action>& AllActions() {
  static const auto* const actions =
      new std::vector<Action>{Action::kViewServer, Action::kUploadBlobs, Action::kSubmitJob,
                              Action::kViewJob,    Action::kReadJob,     Action::kControlJob};
  return *actions;
}

const JobIdentity kAnnsJob = {"cifar-1", "ann"};

TEST(AccessPolicyTest, AMemberDoesEverythingToWhatIsHisAndNothingToTheRest) {
  for (const Action action : AllActions()) {
    EXPECT_TRUE(CheckAccess({"ann", Role::kMember}, action).ok());
    EXPECT_TRUE(CheckAccess({"ann", Role::kMember}, action, kAnnsJob).ok());
    EXPECT_EQ(CheckAccess({"bob", Role::kMember}, action, kAnnsJob), NoSuchJob("cifar-1"));
  }
}

TEST(AccessPolicyTest, AnAdminActsOnEverything) {
  for (const Action action : AllActions()) {
    EXPECT_TRUE(CheckAccess({"root", Role::kAdmin}, action).ok());
    EXPECT_TRUE(CheckAccess({"root", Role::kAdmin}, action, kAnnsJob).ok());
  }
}

TEST(AccessPolicyTest, AViewerOnlyLooksAtWhatIsHis) {
  for (const Action action : AllActions()) {
    const bool looks =
        action == Action::kViewServer || action == Action::kViewJob || action == Action::kReadJob;
    EXPECT_EQ(CheckAccess({"ann", Role::kViewer}, action).ok(), looks);
    EXPECT_EQ(CheckAccess({"ann", Role::kViewer}, action, kAnnsJob).ok(), looks);
    EXPECT_EQ(CheckAccess({"bob", Role::kViewer}, action, kAnnsJob), NoSuchJob("cifar-1"));
  }
}

TEST(AccessPolicyTest, OnlyTheOwnerAndAdminsSeeAJob) {
  for (const Role role : {Role::kViewer, Role::kMember, Role::kAdmin}) {
    EXPECT_TRUE(MaySee({"ann", role}, kAnnsJob));
    EXPECT_EQ(MaySee({"bob", role}, kAnnsJob), role == Role::kAdmin);
  }
}

TEST(AccessPolicyTest, WhoIsANameOfNobodyOwnsNothing) {
  EXPECT_FALSE(CheckAccess({"", Role::kMember}, Action::kViewJob, kAnnsJob).ok());
}

}  // namespace
}  // namespace kur::server
