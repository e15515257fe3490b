#include "server/launcher/card_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::HasSubstr;

Device Card(int index, int mig_place = -1) {
  Device card;
  card.kind = Device::Kind::kCuda;
  card.name = "cuda" + std::to_string(index);
  card.cuda_index = index;
  card.mig_place = mig_place;
  card.uuid = "GPU-" + std::to_string(index) + (mig_place < 0 ? "" : std::to_string(mig_place));
  return card;
}

TEST(ReadCapabilitiesTest, AnAnswerForEachCard) {
  const auto results = ReadCapabilities(
      "[W] a warning of a library\n"
      R"({"version": "0.1.0", "libtorch": "2.15.0", "has_cuda": true, "later": 1, )"
      R"("cards": [{}, {"error": "no kernels for it"}], "error": "no kernels for it"})"
      "\n",
      2);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_TRUE((*results)[0].ok());
  EXPECT_EQ((*results)[1].message(), "no kernels for it");
}

TEST(ReadCapabilitiesTest, ALibtorchForProcessorsIsTheEndOfIt) {
  const absl::Status error = ReadCapabilities(R"({"error": "for processors only"})", 2).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(error));
  EXPECT_EQ(error.message(), "for processors only");
}

TEST(ReadCapabilitiesTest, ACardThatIsNotShownMayBeBecauseOfAnother) {
  const absl::Status error = ReadCapabilities(R"({"has_cuda": true, "cards": [{}]})", 2).status();
  EXPECT_TRUE(absl::IsUnavailable(error));
  EXPECT_EQ(error.message(), "CUDA does not show it to workers");
  EXPECT_EQ(ReadCapabilities(R"({"has_cuda": true, "error": "the driver is too old"})", 1)
                .status()
                .message(),
            "the driver is too old");
}

TEST(ReadCapabilitiesTest, WhatIsNoAnswerIsAnError) {
  EXPECT_TRUE(absl::IsUnavailable(ReadCapabilities("", 1).status()));
  EXPECT_THAT(
      std::string(ReadCapabilities("libcudart.so.13: not found\nmore", 1).status().message()),
      HasSubstr("gave no answer but: libcudart.so.13: not found"));
  EXPECT_FALSE(ReadCapabilities("{\"cards\": 7}", 1).ok());
}

class CardTrialTest : public ::testing::Test {
 protected:
  // A worker that is a script.
  std::string Worker(const std::string& script) {
    directory_.Write("worker", "#!/bin/sh\n" + script);
    const std::string path = directory_.File("worker");
    chmod(path.c_str(), 0700);
    return path;
  }

  static CardTrial Trial(const std::string& worker, absl::Duration patience = absl::Seconds(20)) {
    return MakeCardTrial(worker, Confinement::kNone, patience);
  }

  const TemporaryDirectory directory_;
};

TEST_F(CardTrialTest, AsksTheWorkerForTheCardsAndNothingElse) {
  const CardTrial trial = Trial(
      Worker("echo \"$*|$CUDA_VISIBLE_DEVICES|$KUR_TEST_SECRET\" > " + directory_.File("asked") +
             "\necho '{\"has_cuda\": true, \"cards\": [{}, {\"error\": \"bad\"}]}'\n"));
  setenv("KUR_TEST_SECRET", "hidden", 1);
  const auto results = trial({Card(0), Card(3)});
  unsetenv("KUR_TEST_SECRET");
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_TRUE((*results)[0].ok());
  EXPECT_EQ((*results)[1].message(), "bad");
  EXPECT_EQ(directory_.Read("asked"), "--capabilities|GPU-0,GPU-3|\n");
}

TEST_F(CardTrialTest, OfASplitCardTheFirstInstanceSpeaksForAll) {
  const CardTrial trial = Trial(Worker(
      "echo \"$CUDA_VISIBLE_DEVICES\" >> " + directory_.File("asked") +
      "\ncase \"$CUDA_VISIBLE_DEVICES\" in GPU-10) echo '{\"has_cuda\": true, \"cards\": "
      "[{\"error\": \"bad\"}]}';; *) echo '{\"has_cuda\": true, \"cards\": [{}]}';; esac\n"));
  const auto results = trial({Card(0), Card(1, 0), Card(1, 2), Card(2, 0)});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_TRUE((*results)[0].ok());
  EXPECT_EQ((*results)[1].message(), "bad");
  EXPECT_EQ((*results)[2].message(), "bad");
  EXPECT_TRUE((*results)[3].ok());
  EXPECT_EQ(directory_.Read("asked"), "GPU-0\nGPU-10\nGPU-20\n");
}

TEST_F(CardTrialTest, ABadCardTakesNoGoodOneWithIt) {
  // It ends every process that looks at it.
  const CardTrial trial =
      Trial(Worker("case \"$CUDA_VISIBLE_DEVICES\" in *GPU-1*) kill -9 $$;; esac\n"
                   "echo '{\"has_cuda\": true, \"cards\": [{}]}'\n"));
  const auto results = trial({Card(0), Card(1), Card(2)});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_TRUE((*results)[0].ok());
  EXPECT_THAT(std::string((*results)[1].message()), HasSubstr("was ended by signal 9 (Killed)"));
  EXPECT_TRUE((*results)[2].ok());
}

TEST_F(CardTrialTest, AWorkerThatDoesNotAnswerIsEnded) {
  const auto results = Trial(Worker("sleep 1000\n"), absl::Milliseconds(200))({Card(0), Card(1)});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ((*results)[0].message(), "a worker gave no answer in time");
  EXPECT_EQ((*results)[1].message(), "a worker gave no answer in time");
}

TEST_F(CardTrialTest, AWorkerThatCannotUseAnyIsAskedOnce) {
  const auto results = Trial(Worker("echo asked >> " + directory_.File("asked") +
                                    "\necho '{\"error\": \"for processors only\"}'\n"))(
      {Card(0), Card(1), Card(2, 0)});
  EXPECT_EQ(results.status().message(), "for processors only");
  EXPECT_EQ(directory_.Read("asked"), "asked\n");
}

}  // namespace
}  // namespace kur::server
