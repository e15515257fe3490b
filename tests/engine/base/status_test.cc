#include "engine/base/status.h"

#include <cerrno>
#include <memory>
#include <string>

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(AnnotateTest, PutsTheContextInFrontAndKeepsTheRest) {
  absl::Status status = absl::DataLossError("bad block");
  status.SetPayload("type", absl::Cord("payload"));
  const absl::Status annotated = Annotate(status, "reading a.w");
  EXPECT_EQ(annotated.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(annotated.message(), "reading a.w: bad block");
  EXPECT_EQ(annotated.GetPayload("type"), absl::Cord("payload"));
  EXPECT_TRUE(Annotate(absl::OkStatus(), "reading").ok());
}

TEST(ErrnoToStatusTest, GivesACodeThatACallerCanActOn) {
  const struct {
    int error;
    absl::StatusCode code;
  } kTests[] = {
      {ENOENT, absl::StatusCode::kNotFound},
      {EEXIST, absl::StatusCode::kAlreadyExists},
      {EACCES, absl::StatusCode::kPermissionDenied},
      {EPERM, absl::StatusCode::kPermissionDenied},
      {ENOSPC, absl::StatusCode::kResourceExhausted},
      {EDQUOT, absl::StatusCode::kResourceExhausted},
      {EIO, absl::StatusCode::kDataLoss},
      {ECHILD, absl::StatusCode::kUnknown},
  };
  for (const auto& test : kTests) {
    EXPECT_EQ(ErrnoToStatus(test.error, "x").code(), test.code) << test.error;
  }
  EXPECT_THAT(std::string(ErrnoToStatus(ENOENT, "cannot open a").message()),
              AllOf(StartsWith("cannot open a: "), HasSubstr("No such file")));
}

absl::StatusOr<std::unique_ptr<int>> Make(bool good) {
  if (!good) return absl::NotFoundError("none");
  return std::make_unique<int>(7);
}

absl::StatusOr<int> Use(bool first, bool second) {
  KUR_ASSIGN_OR_RETURN(const std::unique_ptr<int> a, Make(first));
  std::unique_ptr<int> b;
  KUR_ASSIGN_OR_RETURN(b, Make(true));
  KUR_RETURN_IF_ERROR(second ? absl::OkStatus() : absl::AbortedError("second"));
  return *a + *b;
}

TEST(StatusMacrosTest, LeaveTheFunctionAtTheFirstError) {
  EXPECT_EQ(*Use(true, true), 14);
  EXPECT_EQ(Use(false, false).status(), absl::NotFoundError("none"));
  EXPECT_EQ(Use(true, false).status(), absl::AbortedError("second"));
}

}  // namespace
}  // namespace kur
