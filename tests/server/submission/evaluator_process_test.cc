#include "server/submission/evaluator_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/testing/test_server.h"

namespace kur::server {
namespace {

using ::testing::HasSubstr;

EvaluationRequest RequestFor(const std::string& kurfile, const std::string& content = "") {
  EvaluationRequest request;
  request.set_kurfile(kurfile);
  request.set_mode(v1::MODE_TRAIN);
  v1::SourceFile& source = *request.add_sources();
  source.set_path(kurfile);
  source.set_content(content);
  return request;
}

std::unique_ptr<EvaluatorProcess> Start(const std::string& binary) {
  auto started = EvaluatorProcess::Start(binary);
  EXPECT_THAT(started, IsOk());
  return *std::move(started);
}

TEST(EvaluatorProcessTest, AnswersAsTheLibraryDoes) {
  const auto evaluator = Start(KUR_EVALUATOR);
  for (const std::string& content :
       {absl::StrCat("settings: {seed: 3, backend: {device: 'gpu0-2,gpu!1'}}\n",
                     TestServer::kKurfile),
        absl::StrCat(TestServer::kKurfile, "  unknown: 1\n"), std::string("- no Kurfile")}) {
    const EvaluationRequest request = RequestFor("k.yml", content);
    const auto response = evaluator->Evaluate(request);
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->DebugString(), Evaluate(request).DebugString());
  }
}

TEST(EvaluatorProcessTest, TakesASubmissionOfTheLargestSize) {
  const auto evaluator = Start(KUR_EVALUATOR);
  EvaluationRequest request = RequestFor("k.yml", TestServer::kKurfile);
  for (int i = 0; i < 15; ++i) {
    v1::SourceFile& source = *request.add_sources();
    source.set_path(absl::StrCat(i, ".yml"));
    source.set_content(std::string(1 << 20, '#'));
  }
  const auto response = evaluator->Evaluate(request);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->errors_size(), 0);
}

TEST(EvaluatorProcessTest, ManyEvaluateAtATime) {
  const auto evaluator = Start(KUR_EVALUATOR);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&evaluator, i] {
      for (int j = 0; j < 10; ++j) {
        const auto response = evaluator->Evaluate(RequestFor(
            "k.yml", absl::StrCat("settings: {seed: ", 10 * i + j, "}\n", TestServer::kKurfile)));
        ASSERT_THAT(response, IsOk());
        EXPECT_EQ(response->seed(), static_cast<uint64_t>(10 * i + j));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(EvaluatorProcessTest, IsStartedAgainWhenItHasGone) {
  const auto evaluator = Start(KUR_EVALUATOR);
  const pid_t first = evaluator->pid();
  ASSERT_EQ(kill(first, SIGKILL), 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(evaluator->Evaluate(RequestFor("k.yml", TestServer::kKurfile)), IsOk());
  }
  EXPECT_NE(evaluator->pid(), first);
}

TEST(EvaluatorProcessTest, AProgramThatIsNoEvaluatorIsRefused) {
  EXPECT_THAT(EvaluatorProcess::Start("/bin/true"),
              FailsWith(absl::StatusCode::kFailedPrecondition, "/bin/true does not start"));
  EXPECT_FALSE(EvaluatorProcess::Start("/no/such/program").ok());
}

// Whatever the machine lacks, no Kurfile is to blame.
class LackingTest : public ::testing::Test {
 protected:
  static void ExpectUnavailable(EvaluatorProcess& evaluator, const std::string& what) {
    EXPECT_THAT(evaluator.Evaluate(RequestFor("k.yml", TestServer::kKurfile)),
                FailsWith(absl::StatusCode::kUnavailable, what));
  }
};

TEST_F(LackingTest, WithoutDescriptorsItIsToBeTriedAgain) {
  const auto evaluator = Start(KUR_EVALUATOR);
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none = {0, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  ExpectUnavailable(*evaluator, "Too many open files); try again");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_THAT(evaluator->Evaluate(RequestFor("k.yml", TestServer::kKurfile)), IsOk());
}

TEST_F(LackingTest, WithoutAProcessItIsToBeTriedAgain) {
  const auto evaluator = Start(KUR_FORKLESS_EVALUATOR);
  ExpectUnavailable(*evaluator, "starting a process: Resource temporarily unavailable");
}

TEST_F(LackingTest, AnEvaluatorThatCannotBeStartedAgainIsNoFaultOfTheKurfile) {
  const TemporaryDirectory directory;
  const std::string program = directory.File("kurd-evaluator");
  std::filesystem::copy_file(KUR_EVALUATOR, program);
  const auto evaluator = Start(program);
  std::filesystem::remove(program);
  const pid_t pid = evaluator->pid();
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  siginfo_t end = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT), 0);
  ExpectUnavailable(*evaluator, "kurd cannot evaluate Kurfiles now");
}

// As the kernel does when memory runs out.
TEST_F(LackingTest, AnEvaluationThatIsKilledIsToBeTriedAgain) {
  const auto evaluator = Start(KUR_HOSTILE_EVALUATOR);
  absl::Status answered;
  std::thread asks([&] { answered = evaluator->Evaluate(RequestFor("spin")).status(); });
  const std::string children =
      absl::StrCat("/proc/", evaluator->pid(), "/task/", evaluator->pid(), "/children");
  pid_t child = 0;
  while (!(std::ifstream(children) >> child)) std::this_thread::yield();
  ASSERT_EQ(kill(child, SIGKILL), 0);
  asks.join();
  EXPECT_THAT(answered, FailsWith(absl::StatusCode::kUnavailable, "its process was killed"));
}

// What each deed of hostile_evaluator.cc comes to. The evaluator serves the next one all the same.
class HostileEvaluatorTest : public ::testing::Test {
 protected:
  // Returns what is answered: by the evaluation, or for one that has none.
  std::string Do(const std::string& deed) {
    const auto response = evaluator_->Evaluate(RequestFor(deed));
    const std::string message = response.ok() && response->errors_size() == 1
                                    ? response->errors(0).message()
                                    : std::string(response.status().message());
    EXPECT_EQ(evaluator_->Evaluate(RequestFor("nothing"))->errors(0).message(), "done");
    EXPECT_EQ(evaluator_->pid(), pid_);
    return message;
  }

  std::unique_ptr<EvaluatorProcess> evaluator_ = Start(KUR_HOSTILE_EVALUATOR);
  const pid_t pid_ = evaluator_->pid();
};

TEST_F(HostileEvaluatorTest, WhatNeedsTooMuchIsToldWhat) {
  EXPECT_THAT(Do("spin"), HasSubstr("more than 5 seconds"));
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_THAT(Do("allocate"), HasSubstr("more than 512 MiB of memory"));
#endif
}

TEST_F(HostileEvaluatorTest, ACrashIsTheAnswerToThatOneSubmission) {
  for (const char* deed : {"recurse", "throw"}) {
    EXPECT_THAT(Do(deed), HasSubstr("crashed")) << deed;
  }
  for (const char* deed : {"abort", "exit", "say much", "say what is no text"}) {
    EXPECT_THAT(Do(deed), HasSubstr("could not be evaluated")) << deed;
  }
}

#if !defined(__SANITIZE_ADDRESS__)
TEST_F(HostileEvaluatorTest, TouchesNothingOutsideOfItself) {
  for (const char* deed : {"open", "connect", "fork", "execute", "kill", "map code"}) {
    EXPECT_THAT(Do(deed), HasSubstr("could not be evaluated")) << deed;
  }
}
#endif

TEST(CheckResponseTest, WhatNoEvaluatorSaysIsRefused) {
  const EvaluationResponse good = Evaluate(RequestFor("k.yml", TestServer::kKurfile));
  EXPECT_THAT(CheckResponse(good), IsOk());
  EvaluationResponse bad = good;
  bad.mutable_devices()->set_kind(static_cast<RequestedDevices::Kind>(7));
  EXPECT_FALSE(CheckResponse(bad).ok());
  bad = good;
  bad.mutable_devices()->set_count(1 << 20);
  EXPECT_FALSE(CheckResponse(bad).ok());
  bad = good;
  bad.add_inputs()->set_path(std::string("a\0b", 3));
  EXPECT_FALSE(CheckResponse(bad).ok());
  bad = good;
  bad.add_outputs()->set_path(std::string(1 << 16, 'a'));
  EXPECT_FALSE(CheckResponse(bad).ok());
}

TEST(CheckResponseTest, ErrorsAreBoundedAndAreErrors) {
  EvaluationResponse response;
  v1::Diagnostic* error = response.add_errors();
  EXPECT_FALSE(CheckResponse(response).ok());
  error->set_message("what is wrong");
  EXPECT_THAT(CheckResponse(response), IsOk());
  error->set_warning(true);
  EXPECT_FALSE(CheckResponse(response).ok());
  error->set_warning(false);
  for (int i = 1; i < 100; ++i) response.add_errors();
  EXPECT_THAT(CheckResponse(response), IsOk());
  response.add_errors();
  EXPECT_FALSE(CheckResponse(response).ok());
}

}  // namespace
}  // namespace kur::server
