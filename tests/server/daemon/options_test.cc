#include "server/daemon/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;

std::variant<DaemonOptions, EarlyExit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "kurd");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(OptionsTest, ReadsEverything) {
  const auto parsed =
      Parse({"--state-dir", "/s",        "--listen",    "unix:/a",       "--listen",
             "127.0.0.1:1", "--devices", "cpu:2",       "--data-root",   "/d",
             "--data-root", "/e",        "--log-level", "debug",         "--upload-space",
             "10",          "--uploads", "3",           "--event-space", "7"});
  ASSERT_TRUE(std::holds_alternative<DaemonOptions>(parsed));
  const auto& options = std::get<DaemonOptions>(parsed);
  EXPECT_EQ(options.state_directory, "/s");
  EXPECT_THAT(options.listen, ElementsAre("unix:/a", "127.0.0.1:1"));
  EXPECT_EQ(options.devices, "cpu:2");
  EXPECT_THAT(options.data_roots, ElementsAre("/d", "/e"));
  EXPECT_EQ(options.log_level, "debug");
  EXPECT_EQ(options.upload_space, 10);
  EXPECT_EQ(options.uploads, 3);
  EXPECT_EQ(options.event_space, 7);
}

TEST(OptionsTest, ReadsTheBoundsOfWorkers) {
  const auto hang_timeout = [](const char* text) {
    const auto parsed = Parse({"--state-dir", "/s", "--hang-timeout", text});
    return std::get<DaemonOptions>(parsed).hang_timeout;
  };
  EXPECT_EQ(hang_timeout("90m"), absl::Minutes(90));
  EXPECT_EQ(hang_timeout("0"), absl::InfiniteDuration());
  const auto parsed = Parse({"--state-dir", "/s", "--max-restarts", "0"});
  EXPECT_EQ(std::get<DaemonOptions>(parsed).max_restarts, 0);
  const auto defaults = Parse({"--state-dir", "/s"});
  EXPECT_EQ(std::get<DaemonOptions>(defaults).max_restarts, std::nullopt);
  EXPECT_EQ(std::get<DaemonOptions>(defaults).hang_timeout, std::nullopt);
}

TEST(OptionsTest, HelpHasExamples) {
  const auto parsed = Parse({"--help"});
  ASSERT_TRUE(std::holds_alternative<EarlyExit>(parsed));
  EXPECT_EQ(std::get<EarlyExit>(parsed).code, 0);
  EXPECT_THAT(std::get<EarlyExit>(parsed).text, HasSubstr("Examples:"));
  EXPECT_THAT(std::get<EarlyExit>(parsed).text, HasSubstr("--token-file"));
}

TEST(OptionsTest, TellsItsVersion) {
  const auto parsed = Parse({"--version"});
  ASSERT_TRUE(std::holds_alternative<EarlyExit>(parsed));
  EXPECT_EQ(std::get<EarlyExit>(parsed).text, "kurd " + Version() + "\n");
}

TEST(OptionsTest, AWrongCommandLineIsSaid) {
  for (const std::vector<const char*>& arguments : {std::vector<const char*>{},
                                                    {"--state-dir", "/s", "--nonsense"},
                                                    {"--state-dir", "/s", "--tls-cert", "c"},
                                                    {"--state-dir", "/s", "--hang-timeout", "30"},
                                                    {"--state-dir", "/s", "--max-restarts", "-1"},
                                                    {"--state-dir", "/s", "--log-level", "loud"}}) {
    const auto parsed = Parse(arguments);
    ASSERT_TRUE(std::holds_alternative<EarlyExit>(parsed));
    EXPECT_EQ(std::get<EarlyExit>(parsed).code, 2);
    EXPECT_THAT(std::get<EarlyExit>(parsed).text, HasSubstr("kurd: "));
  }
}

TEST(OptionsTest, ListensOnASocketUnlessToldOtherwise) {
  const auto addresses = ListenAddresses(DaemonOptions(), "/s/kurd.sock");
  ASSERT_THAT(addresses, IsOk());
  ASSERT_EQ(addresses->size(), 1u);
  EXPECT_EQ(addresses->front().ToString(), "unix:/s/kurd.sock");
}

TEST(OptionsTest, OtherMachinesNeedTlsAndTokens) {
  DaemonOptions options;
  options.listen = {"127.0.0.1:8400", "0.0.0.0:8400"};
  EXPECT_THAT(ListenAddresses(options, "/s"), FailsWith(kPrecondition, "0.0.0.0:8400"));
  options.tls_certificate = "c";
  options.tls_key = "k";
  EXPECT_THAT(ListenAddresses(options, "/s"), FailsWith(kPrecondition, "--token-file"));
  options.token_file = "t";
  EXPECT_THAT(ListenAddresses(options, "/s"), IsOk());
}

TEST(OptionsTest, MetricsLeaveTheMachineOnlyWithTlsAndTokens) {
  DaemonOptions options;
  EXPECT_EQ(*MetricsAddress(options), std::nullopt);
  options.metrics = "127.0.0.1:9400";
  EXPECT_THAT(MetricsAddress(options), IsOk());
  options.metrics = "0.0.0.0:9400";
  EXPECT_THAT(MetricsAddress(options), FailsWith(kPrecondition, "loopback"));
  options.metrics_token_file = "tokens";
  EXPECT_THAT(MetricsAddress(options), FailsWith(kPrecondition, "--tls-cert"));
  options.tls_certificate = options.tls_key = "server.pem";
  EXPECT_THAT(MetricsAddress(options), IsOk());
  options.metrics_token_file.clear();
  EXPECT_THAT(MetricsAddress(options), FailsWith(kPrecondition, "--metrics-token-file"));
  options.metrics = "unix:/run/metrics.sock";
  EXPECT_THAT(MetricsAddress(options), FailsWith(kPrecondition, "HOST:PORT"));
}

TEST(OptionsTest, WorkersHaveAShareOfTheMemoryUnlessASizeIsGiven) {
  constexpr int64_t kGiB = int64_t{1} << 30;
  const auto memory = [](const char* text) {
    const auto parsed = Parse({"--state-dir", "/s", "--worker-memory", text});
    return MemoryOfWorkers(std::get<DaemonOptions>(parsed), 100 * kGiB, /*devices=*/3);
  };
  EXPECT_EQ(memory("share").bytes, 30 * kGiB);
  EXPECT_TRUE(memory("share").for_each_device);
  EXPECT_EQ(memory("16G").bytes, 16 * kGiB);
  EXPECT_FALSE(memory("16G").for_each_device);
  EXPECT_EQ(memory("none").bytes, 0);
  EXPECT_EQ(MemoryOfWorkers(DaemonOptions(), 100 * kGiB, /*devices=*/0).bytes, 90 * kGiB);
  for (const char* wrong : {"", "much", "-1G", "1M", "16X"}) {
    const auto parsed = Parse({"--state-dir", "/s", "--worker-memory", wrong});
    ASSERT_TRUE(std::holds_alternative<EarlyExit>(parsed)) << wrong;
    EXPECT_THAT(std::get<EarlyExit>(parsed).text, HasSubstr("--worker-memory")) << wrong;
  }
}

TEST(OptionsTest, DataRootsAreFoldersThatExist) {
  TemporaryDirectory directory;
  EXPECT_THAT(*ResolveDataRoots({directory.path() + "/."}), ElementsAre(directory.path()));
  EXPECT_THAT(ResolveDataRoots({directory.File("none")}),
              FailsWith(absl::StatusCode::kInvalidArgument, "none"));
}

TEST(OptionsTest, DataRootsHoldNothingOfTheStateDirectory) {
  const TemporaryDirectory directory;
  const std::string state = directory.File("kurd");
  for (const std::string& root :
       {std::string("/"), directory.path(), state, state + "/projects/ann"}) {
    EXPECT_THAT(CheckDataRootsAreApart({"/srv", root}, state),
                FailsWith(kPrecondition, absl::StrCat("--data-root ", root, " ")));
  }
  EXPECT_THAT(
      CheckDataRootsAreApart({directory.File("kurd-data"), directory.File("k"), "/srv"}, state),
      IsOk());
}

TEST(OptionsTest, TheKeyForSecretsLiesApartFromThemAndFromWhatJobsRead) {
  const TemporaryDirectory directory;
  DaemonOptions options;
  options.state_directory = directory.File("state");
  EXPECT_EQ(FindSecretsKey(options, {})->path, "");
  options.secrets_key = directory.File("keys/../secrets.key");
  EXPECT_EQ(FindSecretsKey(options, {"/"})->path, directory.File("secrets.key"));
  options.token_file = "tokens";
  EXPECT_THAT(FindSecretsKey(options, {"/srv"}), IsOk());
  EXPECT_THAT(FindSecretsKey(options, {"/srv", directory.path()}).status(),
              FailsWith(kPrecondition, absl::StrCat("lies in --data-root ", directory.path())));
  for (const std::string inside : {"state/key", "state", "state/runs/../../state/key"}) {
    options.secrets_key = directory.File(inside);
    EXPECT_THAT(FindSecretsKey(options, {}).status(),
                FailsWith(kPrecondition, "lies in the state directory"));
  }
}

TEST(OptionsTest, SystemdMayGiveTheKeyForSecrets) {
  const TemporaryDirectory directory;
  ASSERT_EQ(setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1), 0);
  DaemonOptions options;
  options.state_directory = "/var/lib/kurd";
  EXPECT_EQ(FindSecretsKey(options, {})->path, "");
  directory.Write("kurd-secrets-key", "");
  EXPECT_EQ(FindSecretsKey(options, {})->path, directory.File("kurd-secrets-key"));
  EXPECT_TRUE(FindSecretsKey(options, {})->is_credential);
  options.secrets_key = "/etc/kurd/key";
  EXPECT_EQ(FindSecretsKey(options, {})->path, "/etc/kurd/key");
  unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace kur::server
