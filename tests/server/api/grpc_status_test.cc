#include "server/api/grpc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/value/diagnostics.h"
#include "kur/v1/errors.pb.h"

namespace kur::server {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

Location At(int line) { return {std::make_shared<const std::string>("cifar.yml"), line, 5}; }

TEST(GrpcStatusTest, KeepsCodeAndMessage) {
  const grpc::Status status = ToGrpc(absl::ResourceExhaustedError("the disk is full"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "the disk is full");
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
}

TEST(GrpcStatusTest, TellsItsOwnUnavailableFromTheTransports) {
  const grpc::Status status = ToGrpc(absl::UnavailableError("the disk is broken"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the disk is broken");
  v1::ErrorDetails details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_TRUE(details.reached());
}

TEST(GrpcStatusTest, NamesNoPathOfTheServer) {
  HideFolder("/var/lib/kurd");
  EXPECT_EQ(
      ToGrpc(absl::DataLossError("/var/lib/kurd/runs/a-1/events.log: damaged")).error_message(),
      "runs/a-1/events.log: damaged");
  Diagnostics diagnostics;
  diagnostics.Error(At(12), "model", "cannot open /var/lib/kurd/runs/a-1/cifar.yml");
  v1::ErrorDetails details;
  ASSERT_TRUE(details.ParseFromString(ToGrpc(diagnostics.ToStatus()).error_details()));
  EXPECT_EQ(details.diagnostics(0).message(), "cannot open runs/a-1/cifar.yml");
}

TEST(GrpcStatusTest, CarriesDiagnostics) {
  Diagnostics diagnostics;
  diagnostics.Error(At(12), "model[3].dense.size", "expected an integer");
  diagnostics.Warning(At(13), "", "never used");
  const grpc::Status status = ToGrpc(diagnostics.ToStatus());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("cifar.yml:12:5"));
  v1::ErrorDetails details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_GE(details.diagnostics_size(), 1);
  EXPECT_EQ(details.diagnostics(0).file(), "cifar.yml");
  EXPECT_EQ(details.diagnostics(0).line(), 12);
  EXPECT_EQ(details.diagnostics(0).column(), 5);
  EXPECT_EQ(details.diagnostics(0).path(), "model[3].dense.size");
  EXPECT_EQ(details.diagnostics(0).message(), "expected an integer");
  EXPECT_FALSE(details.diagnostics(0).warning());
}

TEST(GrpcStatusTest, ManyDiagnosticsFitIntoTheTrailersAndSayHowManyAreMissing) {
  Diagnostics diagnostics;
  for (int i = 1; i <= 500; ++i) diagnostics.Error(At(i), "model", std::string(200, 'x'));
  const size_t all = DiagnosticsOf(diagnostics.ToStatus()).size();
  const grpc::Status status = ToGrpc(diagnostics.ToStatus());
  EXPECT_LT(status.error_message().size(), 1200u);
  EXPECT_LT(status.error_details().size(), 4500u);
  v1::ErrorDetails details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  const int shown = details.diagnostics_size() - 1;
  EXPECT_EQ(details.diagnostics(shown).message(),
            absl::StrCat("and ", all - static_cast<size_t>(shown), " more"));
}

TEST(GrpcStatusTest, CutsLongMessagesBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "ä";
  const std::string message = ToGrpc(absl::InternalError("x" + text)).error_message();
  EXPECT_LT(message.size(), 1100u);
  EXPECT_THAT(message, EndsWith("ä…"));
}

}  // namespace
}  // namespace kur::server
