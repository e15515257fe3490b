#include "server/submission/submission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/value/diagnostics.h"
#include "tests/server/testing/test_server.h"

namespace kur::server {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class SubmissionTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::Job> Submit() { return server_.jobs->Submit({"ann"}, request_); }

  void ReplaceInKurfile(const std::string& from, const std::string& to) {
    std::string& content = *request_.mutable_sources(0)->mutable_content();
    const size_t at = content.find(from);
    ASSERT_NE(at, std::string::npos);
    content.replace(at, from.size(), to);
  }

  TestServer server_;
  v1::SubmitJobRequest request_ = TestServer::Request("r1");
};

TEST_F(SubmissionTest, IsNamedAfterItsKurfile) {
  const auto job = Submit();
  ASSERT_THAT(job, IsOk());
  EXPECT_EQ(job->name(), "cifar-1");
  EXPECT_EQ(job->owner(), "ann");
  EXPECT_EQ(job->project(), "default");
  EXPECT_EQ(job->mode(), v1::MODE_TRAIN);
  EXPECT_EQ(job->kurfile(), "cifar.yml");
  EXPECT_TRUE(job->has_submitted_at());
}

TEST_F(SubmissionTest, ARepeatedRequestIsTheSameJob) {
  const auto first = Submit();
  ASSERT_THAT(first, IsOk());
  // Even if it could not be accepted any more.
  request_.mutable_sources(0)->set_content("not: a Kurfile");
  const auto second = Submit();
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->name(), first->name());
}

TEST_F(SubmissionTest, ValidateOnlyAcceptsNothing) {
  request_.set_validate_only(true);
  const auto job = Submit();
  ASSERT_THAT(job, IsOk());
  EXPECT_EQ(job->name(), "");
  EXPECT_EQ(job->kurfile(), "cifar.yml");
  EXPECT_THAT(server_.jobs->List({"ann"}, {})->jobs(), IsEmpty());
}

TEST_F(SubmissionTest, WhatIsWrongInTheKurfileComesWithItsPlace) {
  ReplaceInKurfile("dense: 10", "dense: ten");
  const auto job = Submit();
  EXPECT_EQ(job.status().code(), kInvalid);
  const auto diagnostics = DiagnosticsOf(job.status());
  ASSERT_FALSE(diagnostics.empty());
  EXPECT_EQ(*diagnostics.front().location.file, "cifar.yml");
  EXPECT_EQ(diagnostics.front().location.line, 6);
}

TEST_F(SubmissionTest, AKurfileWithoutTheModesSectionIsADiagnostic) {
  request_.set_mode(v1::MODE_EVALUATE);
  const auto job = Submit();
  EXPECT_EQ(job.status().code(), kInvalid);
  EXPECT_FALSE(DiagnosticsOf(job.status()).empty());
}

TEST_F(SubmissionTest, AMissingInputIsADiagnosticAtItsPlace) {
  request_.clear_inputs();
  const auto job = Submit();
  EXPECT_EQ(job.status().code(), kInvalid);
  const auto diagnostics = DiagnosticsOf(job.status());
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_THAT(diagnostics.front().message, HasSubstr("data.pkl"));
  EXPECT_GT(diagnostics.front().location.line, 0);
}

TEST_F(SubmissionTest, AnInputMayLieInTheWorkspace) {
  request_.clear_inputs();
  const std::string workspace = server_.layout.Workspace("ann", "default");
  ASSERT_THAT(server_.files.MakeDirectories(workspace, 0700), IsOk());
  ASSERT_THAT(WriteFileAtomically(server_.files, workspace + "/data.pkl", "x"), IsOk());
  EXPECT_THAT(Submit(), IsOk());
}

TEST_F(SubmissionTest, APathOutOfTheWorkspaceIsRefused) {
  for (const std::string path : {"../secret.pkl", "/etc/passwd", "~/../../secret"}) {
    request_ = TestServer::Request("r1");
    ReplaceInKurfile("data.pkl", path);
    const auto job = Submit();
    EXPECT_EQ(job.status().code(), kInvalid) << path;
    EXPECT_FALSE(DiagnosticsOf(job.status()).empty()) << path;
  }
}

TEST_F(SubmissionTest, AnOutputOutOfTheWorkspaceIsRefused) {
  ReplaceInKurfile("last.w", "/tmp/last.w");
  EXPECT_THAT(Submit(), FailsWith(kInvalid, "/tmp/last.w"));
}

TEST_F(SubmissionTest, ARequestForDevicesThatNeverCanBeMetIsRefused) {
  request_.mutable_sources(0)->set_content(
      absl::StrCat("settings: {backend: {device: gpu}}\n", TestServer::kKurfile));
  const auto job = Submit();
  EXPECT_EQ(job.status().code(), kInvalid) << job.status();
  EXPECT_FALSE(DiagnosticsOf(job.status()).empty());
}

TEST_F(SubmissionTest, ALookAtDataNeedsNoDevice) {
  request_.set_mode(v1::MODE_INSPECT);
  request_.add_overrides("settings.backend.device=gpu");
  request_.set_validate_only(true);
  const auto job = Submit();
  EXPECT_TRUE(job.ok()) << job.status();
}

TEST_F(SubmissionTest, NamesContentsThatWereNotUploaded) {
  const std::string digest = Sha256Hex("elsewhere");
  request_.mutable_inputs(0)->set_sha256(digest);
  EXPECT_THAT(Submit(), FailsWith(absl::StatusCode::kFailedPrecondition, digest));
}

TEST_F(SubmissionTest, AnothersContentIsMissingAsIfNobodyHadIt) {
  request_.mutable_inputs(0)->set_sha256(Sha256Hex("bob's"));
  request_.mutable_inputs(0)->set_size(1);
  const absl::Status before = Submit().status();
  EXPECT_THAT(before, FailsWith(absl::StatusCode::kFailedPrecondition, Sha256Hex("bob's")));
  server_.Upload("bob's", "bob");
  EXPECT_EQ(Submit().status(), before);
}

TEST_F(SubmissionTest, RefusesRequestsThatAreNotWellFormed) {
  const auto refused = [this](const std::string& what) {
    EXPECT_THAT(Submit(), FailsWith(kInvalid, what));
    request_ = TestServer::Request("r1");
  };
  request_.clear_request_id();
  refused("request_id");
  request_.mutable_inspection()->set_samples(1);
  refused("inspection is for MODE_INSPECT");
  request_.set_mode(v1::MODE_INSPECT);
  request_.mutable_inspection()->set_samples(21);
  refused("inspection.samples must be from 0 to 20, not 21");
  request_.clear_sources();
  refused("sources are required");
  request_.set_kurfile("other.yml");
  refused("not among the sources");
  *request_.add_sources() = request_.sources(0);
  refused("given twice");
  request_.mutable_sources(0)->set_path("../cifar.yml");
  refused("outside");
  request_.mutable_sources(0)->set_path("/cifar.yml");
  refused("absolute");
  request_.mutable_sources(0)->set_content(std::string((1 << 20) + 1, ' '));
  refused("too large");
  for (int i = 0; i < 64; ++i) request_.add_sources()->set_path(absl::StrCat("s", i));
  refused("at most 64 sources");
  request_.set_name("no/slashes");
  refused("must begin with a letter");
  request_.set_name("..");
  refused("must begin with a letter");
  request_.set_project(std::string(65, 'p'));
  refused("at most 64");
  request_.set_project(std::string("a\0b", 3));
  refused("project");
  request_.mutable_inputs(0)->set_sha256("ABC");
  refused("64 lower-case");
  request_.mutable_inputs(0)->set_size(1);
  refused("not 1");
  *request_.add_inputs() = request_.inputs(0);
  refused("given twice");
  request_.add_sources()->set_path("cifar.yml/below");
  refused("one path is a folder of another");
}

TEST_F(SubmissionTest, LeavesNothingBehindWhenItIsRefused) {
  ReplaceInKurfile("dense: 10", "dense: ten");
  EXPECT_FALSE(Submit().ok());
  EXPECT_THAT(*ListDirectory(server_.layout.runs()), IsEmpty());
}

TEST_F(SubmissionTest, KeepsTheSeedOfTheKurfileAndDrawsOneOtherwise) {
  const auto drawn = Submit();
  ASSERT_THAT(drawn, IsOk());
  request_ = TestServer::Request("r2");
  const auto drawn_again = Submit();
  ASSERT_THAT(drawn_again, IsOk());
  EXPECT_NE(drawn->seed(), drawn_again->seed());
  request_ = TestServer::Request("r3");
  request_.mutable_sources(0)->set_content(
      absl::StrCat("settings: {seed: 42}\n", TestServer::kKurfile));
  const auto given = Submit();
  ASSERT_THAT(given, IsOk());
  EXPECT_EQ(given->seed(), 42u);
}

TEST(NameFromKurfileTest, MakesALegalName) {
  EXPECT_EQ(NameFromKurfile("cifar.yml"), "cifar");
  EXPECT_EQ(NameFromKurfile("models/My model (1).yml"), "My-model-1");
  EXPECT_EQ(NameFromKurfile("v1.2.yml"), "v1.2");
  EXPECT_EQ(NameFromKurfile(".hidden"), "hidden");
  EXPECT_EQ(NameFromKurfile("---.yml"), "job");
  EXPECT_EQ(NameFromKurfile("日本.yml"), "job");
  EXPECT_EQ(NameFromKurfile(std::string(200, 'a')).size(), kMaxNameBytes);
}

// The Kurfile downloads its data with a token.
class SecretSubmissionTest : public SubmissionTest {
 protected:
  SecretSubmissionTest() {
    ReplaceInKurfile("- pickle: data.pkl",
                     "- csv: {url: \"https://e.org/a.csv\", login: secret:TOKEN}");
    request_.clear_inputs();
  }
};

TEST_F(SecretSubmissionTest, NeedsTheSecretsThatItNames) {
  for (const bool validate_only : {true, false}) {
    request_.set_validate_only(validate_only);
    const auto refused = Submit();
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(refused.status().message()),
                HasSubstr("cifar.yml:11:48: train.data[0].csv.login: you have no secret "
                          "'TOKEN'; store it with `kurctl secret set TOKEN`"));
  }
  server_.SetSecret("TOKEN", "what bob knows", "bob");
  EXPECT_FALSE(Submit().ok());
  server_.SetSecret("TOKEN", "hush, hush");
  const auto job = Submit();
  ASSERT_THAT(job, IsOk());
  ASSERT_EQ(job->secrets_size(), 1);
  EXPECT_EQ(job->secrets(0).name(), "TOKEN");
  EXPECT_EQ(job->secrets(0).url(), "https://e.org/a.csv");
}

TEST_F(SecretSubmissionTest, FreezesTheNameAlone) {
  server_.SetSecret("TOKEN", "hush, hush");
  server_.SetSecret("OTHER", "quiet, quiet");
  request_.add_overrides("train.data[0].csv.login=secret:OTHER");
  ASSERT_THAT(Submit(), IsOk());
  server_.jobs->WaitUntilIdle();
  EXPECT_THAT(server_.Get("cifar-1").DebugString(), Not(HasSubstr("quiet")));
  EXPECT_THAT(server_.Spec("cifar-1").DebugString(), Not(HasSubstr("quiet")));
  v1::WorkerSecrets secrets;
  ASSERT_EQ(server_.launcher.launches().size(), 1u);
  ASSERT_TRUE(secrets.ParseFromString(server_.launcher.launches()[0].secrets));
  ASSERT_EQ(secrets.secrets_size(), 1);
  EXPECT_EQ(secrets.secrets(0).value(), "quiet, quiet");
}

TEST(CheckResponseTest, SecretsThatCanBeNone) {
  EvaluationResponse response;
  response.add_secrets()->mutable_use()->set_name("TOKEN");
  EXPECT_THAT(CheckResponse(response), IsOk());
  response.mutable_secrets(0)->mutable_use()->set_name("../TOKEN");
  EXPECT_EQ(CheckResponse(response).code(), kInvalid);
  response.mutable_secrets(0)->mutable_use()->set_name("TOKEN");
  response.mutable_secrets(0)->mutable_use()->set_url(std::string(5000, 'x'));
  EXPECT_EQ(CheckResponse(response).code(), kInvalid);
  response.mutable_secrets(0)->mutable_use()->clear_url();
  for (int i = 0; i < kMaxSecretsOfJob; ++i) {
    response.add_secrets()->mutable_use()->set_name(absl::StrCat("S", i));
  }
  EXPECT_EQ(CheckResponse(response).code(), kInvalid);
}

}  // namespace
}  // namespace kur::server
