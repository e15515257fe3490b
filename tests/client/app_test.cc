#include "client/app.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_split.h"
#include "client/output/structured.h"
#include "engine/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kur/v1/errors.pb.h"
#include "tests/client/fake_server.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr char kKurfile[] = R"(model:
  - input: {shape: [4]}
    name: in
  - dense: 2
    name: out
train:
  data:
    - pickle: data.pkl
  weights: {initial: last.kur, must_exist: no, last: last.kur}
loss:
  - {target: out, name: mean_squared_error}
)";

class AppTest : public testing::Test {
 protected:
  AppTest() {
    server_.With([](FakeState& state) {
      v1::Job& job = state.jobs["cifar-7"];
      job.set_name("cifar-7");
      job.set_project("vision");
      job.set_mode(v1::MODE_TRAIN);
      job.set_state(v1::JOB_STATE_RUNNING);
      job.mutable_submitted_at()->set_seconds(1'700'000'000);
    });
  }

  ExitCode Run(std::vector<std::string> words, Terminal::Features features = PlainFeatures()) {
    test_ = std::make_unique<TestContext>(
        std::map<std::string, std::string>{{"HOME", folder_.path()},
                                           {"KURCTL_SERVER", server_.address()}},
        features);
    test_->interrupted = interrupt_;
    return RunKurctl(words, test_->context);
  }

  std::string out() const { return test_->out.str(); }
  std::string err() const { return test_->err.str(); }

  void EndJob(v1::JobState state, const std::vector<v1::Event>& events) {
    server_.With([&](FakeState& fake) {
      fake.jobs["cifar-7"].set_state(state);
      fake.events["cifar-7"] = events;
      fake.events["cifar-7"].push_back(
          StateEvent(static_cast<int64_t>(events.size()) + 1, state, "as it is"));
    });
  }

  TemporaryDirectory folder_;
  FakeServer server_{folder_.File("kurd.sock")};
  std::unique_ptr<TestContext> test_;
  bool interrupt_ = false;
};

TEST_F(AppTest, PrintsHelpWithExamplesForEveryCommand) {
  ASSERT_EQ(Run({"--help"}), ExitCode::kOk);
  const std::string help = out();
  for (const char* name :
       {"up", "down", "submit", "list", "describe", "watch", "logs", "events", "wait", "cancel",
        "checkpoint", "checkpoints", "download", "plan", "dump", "devices", "version"}) {
    EXPECT_THAT(help, HasSubstr(std::string("\n  ") + name));
    ASSERT_EQ(Run({name, "--help"}), ExitCode::kOk) << name;
    EXPECT_THAT(out(), AllOf(HasSubstr("Example"), HasSubstr(std::string("kurctl ") + name)));
  }
}

TEST_F(AppTest, CallsNonsenseAUsageError) {
  EXPECT_EQ(Run({}), ExitCode::kUsage);
  EXPECT_EQ(Run({"lst"}), ExitCode::kUsage);
  EXPECT_EQ(err(), "kurctl: unknown command 'lst'; did you mean 'list'?\nsee `kurctl --help`\n");
  EXPECT_EQ(Run({"list", "--nonsense"}), ExitCode::kUsage);
  EXPECT_THAT(err(), HasSubstr("see `kurctl list --help`"));
  EXPECT_EQ(Run({"list", "-o", "xml"}), ExitCode::kUsage);
  EXPECT_EQ(Run({"list", "--state", "runing"}), ExitCode::kUsage);
  EXPECT_THAT(err(), HasSubstr("unknown state 'runing'; did you mean 'running'?"));
  EXPECT_EQ(Run({"describe"}), ExitCode::kUsage);
  EXPECT_EQ(Run({"submit", "x.yml", "--fetch", "d"}), ExitCode::kUsage);
  EXPECT_EQ(Run({"list", "--server", "gpubox"}), ExitCode::kUsage);
}

TEST_F(AppTest, SaysHowToStartAKurdWhenNoneRuns) {
  TestContext test({{"HOME", folder_.path()}});
  EXPECT_EQ(RunKurctl({"list"}, test.context), ExitCode::kUnreachable);
  EXPECT_EQ(test.err.str(),
            "kurctl: no kurd is running here; start one with `kurctl up`, or name a server with "
            "--server\n");
}

TEST_F(AppTest, SaysWhichServerCannotBeReached) {
  // Port 1 of this machine: nobody listens there.
  EXPECT_EQ(Run({"list", "--server", "127.0.0.1:1"}), ExitCode::kUnreachable);
  EXPECT_THAT(err(), StartsWith("kurctl: cannot reach 127.0.0.1:1: "));
}

TEST_F(AppTest, EndsWith6WhenItIsNotAllowed) {
  server_.With([](FakeState& state) { state.token = "secret"; });
  EXPECT_EQ(Run({"describe", "cifar-7"}), ExitCode::kNotAllowed);
  EXPECT_THAT(err(), HasSubstr("no token; give a token with --token-file or $KURCTL_TOKEN"));
  const std::string wrong = folder_.Write("wrong", "guess");
  EXPECT_EQ(Run({"describe", "cifar-7", "--token-file", wrong}), ExitCode::kNotAllowed);
  const std::string right = folder_.Write("right", "secret");
  EXPECT_EQ(Run({"describe", "cifar-7", "--token-file", right}), ExitCode::kOk);
  EXPECT_EQ(Run({"--token-file", right, "describe", "cifar-7"}), ExitCode::kOk);
}

TEST_F(AppTest, SendsTheCookieOfASocketInPlaceOfTheToken) {
  const std::string cookie(64, 'c');
  server_.With([&](FakeState& state) { state.token = cookie; });
  const std::string token = folder_.Write("token", "a-token-of-another-server");
  EXPECT_EQ(Run({"list", "--token-file", token}), ExitCode::kNotAllowed);
  folder_.Write("kurd.sock.cookie", "no cookie\n");
  EXPECT_EQ(Run({"list"}), ExitCode::kNotAllowed);
  folder_.Write("kurd.sock.cookie", cookie);
  EXPECT_EQ(Run({"list"}), ExitCode::kOk);
  EXPECT_EQ(Run({"list", "--token-file", token}), ExitCode::kOk);
}

TEST_F(AppTest, ListsJobsInEveryFormat) {
  ASSERT_EQ(Run({"ls"}), ExitCode::kOk);
  EXPECT_EQ(out(),
            "NAME     STATE    MODE   PROJECT  EPOCH  LOSS  VALIDATION    AGE  DURATION\n"
            "cifar-7  running  train  vision       -     -           -  1m40s         -\n");
  ASSERT_EQ(Run({"list", "-o", "name"}), ExitCode::kOk);
  EXPECT_EQ(out(), "cifar-7\n");
  ASSERT_EQ(Run({"list", "-o", "json"}), ExitCode::kOk);
  EXPECT_EQ(Json::parse(out())[0]["state"], "JOB_STATE_RUNNING");
  ASSERT_EQ(Run({"list", "-o", "yaml"}), ExitCode::kOk);
  EXPECT_THAT(out(), StartsWith("- name: cifar-7\n"));
  ASSERT_EQ(Run({"list", "--project", "other"}), ExitCode::kOk);
  EXPECT_THAT(err(), HasSubstr("no jobs"));
}

TEST_F(AppTest, ListsAllThatIsAtWorkAndTheLatestThatEnded) {
  server_.With([](FakeState& state) {
    for (int i = 0; i < 30; ++i) {
      v1::Job& job = state.jobs["old-" + std::to_string(i)];
      job.set_name("old-" + std::to_string(i));
      job.set_state(v1::JOB_STATE_SUCCEEDED);
      job.mutable_submitted_at()->set_seconds(1'700'000'001 + i);
    }
  });
  const auto lines = [this] {
    const std::string text = out();
    return std::count(text.begin(), text.end(), '\n');
  };
  ASSERT_EQ(Run({"list", "-o", "name"}), ExitCode::kOk);
  EXPECT_THAT(out(), AllOf(HasSubstr("old-29\n"), Not(HasSubstr("old-9\n")), HasSubstr("cifar-7")));
  EXPECT_EQ(lines(), 21);
  EXPECT_THAT(err(), HasSubstr("-a shows all"));
  ASSERT_EQ(Run({"list", "-a", "-o", "name"}), ExitCode::kOk);
  EXPECT_EQ(lines(), 31);
  ASSERT_EQ(Run({"list", "--state", "succeeded", "-o", "name"}), ExitCode::kOk);
  EXPECT_EQ(lines(), 30);
}

TEST_F(AppTest, CancelsWhatItCanAndReportsTheRest) {
  EXPECT_EQ(Run({"cancel", "nobody", "cifar-7", "noone"}), ExitCode::kError);
  EXPECT_EQ(out(), "job cifar-7 is being cancelled\n");
  EXPECT_EQ(err(), "kurctl: there is no job 'nobody'\nkurctl: there is no job 'noone'\n");
}

TEST_F(AppTest, WatchPrintsPlainLinesToAPipeAndEndsAsTheJobEnds) {
  EndJob(v1::JOB_STATE_FAILED, {LogEvent(1, "hello")});
  EXPECT_EQ(Run({"watch", "cifar-7"}), ExitCode::kJobFailed);
  EXPECT_EQ(out(), "22:13:21 hello\n22:13:22 failed: as it is\n");
  EndJob(v1::JOB_STATE_CANCELLED, {});
  EXPECT_EQ(Run({"watch", "cifar-7"}), ExitCode::kJobCancelled);
  EndJob(v1::JOB_STATE_SUCCEEDED, {});
  EXPECT_EQ(Run({"watch", "cifar-7"}), ExitCode::kOk);
}

TEST_F(AppTest, WatchDetachesOnCtrlC) {
  interrupt_ = true;
  EXPECT_EQ(Run({"watch", "cifar-7"}), ExitCode::kInterrupted);
  EXPECT_EQ(err(),
            "detached; cifar-7 goes on. Come back with `kurctl watch cifar-7`, end it with `kurctl "
            "cancel cifar-7`\n");
}

TEST_F(AppTest, WatchFetchesWhatTheJobWrites) {
  v1::Event event = NumberedEvent(1);
  *event.mutable_artifact_written() = ArtifactFor("w/last.kur", "weights");
  server_.With([](FakeState& state) { state.contents["cifar-7"]["w/last.kur"] = "weights"; });
  EndJob(v1::JOB_STATE_SUCCEEDED, {event});
  EXPECT_EQ(Run({"watch", "cifar-7", "--fetch", folder_.File("got")}), ExitCode::kOk);
  EXPECT_EQ(folder_.Read("got/w/last.kur"), "weights");
  EXPECT_THAT(out(), HasSubstr("fetched w/last.kur (7 B) to "));
}

TEST_F(AppTest, PrintsEventsAsJsonLinesExactlyOnce) {
  server_.With([](FakeState& state) { state.drop_stream_after = 1; });
  EndJob(v1::JOB_STATE_SUCCEEDED, {LogEvent(1, "a"), LogEvent(2, "b")});
  EXPECT_EQ(Run({"events", "cifar-7", "--from", "2", "-f"}), ExitCode::kOk);
  const std::vector<std::string> lines = absl::StrSplit(out(), '\n');
  ASSERT_EQ(lines.size(), 3u);  // two events and the end of the last line
  const Json second = Json::parse(lines[0]);
  EXPECT_EQ(second["number"], "2");
  EXPECT_EQ(second["time"], "2023-11-14T22:13:22Z");
  EXPECT_EQ(second["log_line"]["level"], "LEVEL_INFO");
  EXPECT_EQ(second["log_line"]["text"], "b");
  EXPECT_EQ(Json::parse(lines[1])["state_changed"]["state"], "JOB_STATE_SUCCEEDED");
}

TEST_F(AppTest, WaitEndsAsTheWorstJobEnds) {
  EndJob(v1::JOB_STATE_CANCELLED, {});
  server_.With([](FakeState& state) {
    state.jobs["bad-1"].set_name("bad-1");
    state.jobs["bad-1"].set_state(v1::JOB_STATE_FAILED);
  });
  EXPECT_EQ(Run({"wait", "cifar-7"}), ExitCode::kJobCancelled);
  EXPECT_EQ(out(), "job cifar-7 cancelled\n");
  EXPECT_EQ(Run({"wait", "cifar-7", "bad-1"}), ExitCode::kJobFailed);
  EXPECT_EQ(Run({"wait", "bad-1", "cifar-7"}), ExitCode::kJobFailed);
}

TEST_F(AppTest, WaitGivesUpAfterItsTimeout) {
  EXPECT_EQ(Run({"wait", "cifar-7", "--timeout", "60"}), ExitCode::kError);
  EXPECT_EQ(err(), "kurctl: cifar-7 has not ended in time\n");
}

TEST_F(AppTest, DownloadsWhatTheJobHasAndSuggestsWhatItMayHaveMeant) {
  server_.With([](FakeState& state) { state.contents["cifar-7"]["best.kur"] = "weights"; });
  EXPECT_EQ(Run({"download", "cifar-7", "best.kur", "-o", folder_.File("d")}), ExitCode::kOk);
  EXPECT_EQ(folder_.Read("d/best.kur"), "weights");
  EXPECT_EQ(Run({"download", "cifar-7", "bset.kur"}), ExitCode::kError);
  EXPECT_EQ(err(), "kurctl: cifar-7 has written no 'bset.kur'; did you mean 'best.kur'?\n");
}

TEST_F(AppTest, ListsDevices) {
  server_.With([](FakeState& state) {
    v1::Device device;
    device.set_name("cpu0");
    device.set_kind("cpu");
    device.set_model("EPYC");
    device.set_memory_bytes(int64_t{8} << 30);
    state.devices.push_back(device);
  });
  ASSERT_EQ(Run({"devices"}), ExitCode::kOk);
  EXPECT_EQ(out(),
            "NAME  KIND  MODEL   MEMORY  USED  LOAD  JOB\n"
            "cpu0  cpu   EPYC   8.0 GiB     -     -  free\n");
}

TEST_F(AppTest, SubmitSendsSourcesAndLocalInputsButNoWeights) {
  const std::string file = folder_.Write("my project/toy.yml", kKurfile);
  folder_.Write("my project/data.pkl", "bytes");
  folder_.Write("my project/last.kur", "local weights");
  ASSERT_EQ(Run({"submit", file, "--set", "train.epochs=3"}), ExitCode::kOk) << err();
  EXPECT_EQ(out(), "job job-1 submitted\n");
  server_.With([](FakeState& state) {
    const v1::SubmitJobRequest& request = state.submits.at(0);
    EXPECT_EQ(request.kurfile(), "toy.yml");
    EXPECT_EQ(request.project(), "my-project");
    EXPECT_EQ(request.sources_size(), 1);
    EXPECT_EQ(request.sources(0).content(), kKurfile);
    EXPECT_EQ(request.overrides(0), "train.epochs=3");
    ASSERT_EQ(request.inputs_size(), 1);
    EXPECT_EQ(request.inputs(0).path(), "data.pkl");
    EXPECT_EQ(request.inputs(0).sha256(), Sha256Hex("bytes"));
    EXPECT_EQ(state.blobs[Sha256Hex("bytes")], "bytes");
  });
}

TEST_F(AppTest, SubmitSendsWeightsOnRequest) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  folder_.Write("p/data.pkl", "bytes");
  folder_.Write("p/last.kur", "local weights");
  ASSERT_EQ(Run({"submit", file, "--upload-weights", "-o", "name"}), ExitCode::kOk) << err();
  EXPECT_EQ(out(), "job-1\n");
  server_.With([](FakeState& state) { EXPECT_EQ(state.submits.at(0).inputs_size(), 2); });
}

TEST_F(AppTest, SubmitIsOneJobHoweverOftenTheReplyIsLost) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  server_.With([](FakeState& state) { state.lose_submit_replies = 2; });
  ASSERT_EQ(Run({"submit", file}), ExitCode::kOk) << err();
  server_.With([](FakeState& state) {
    ASSERT_EQ(state.submits.size(), 3u);
    EXPECT_EQ(state.requests.size(), 1u);
    EXPECT_EQ(state.submits[0].request_id(), state.submits[2].request_id());
    EXPECT_EQ(state.submits[0].request_id().size(), 36u);
  });
}

TEST_F(AppTest, SubmitWithoutAnAnswerSaysThatTheJobMayBeThere) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  server_.With([](FakeState& state) { state.lose_submit_replies = 1000; });
  EXPECT_EQ(Run({"submit", file}), ExitCode::kUnreachable);
  EXPECT_THAT(err(), HasSubstr("the job may have been accepted all the same: look with `kurctl "
                               "list`"));
  EXPECT_EQ(Run({"submit", file, "--dry-run"}), ExitCode::kUnreachable);
  EXPECT_THAT(err(), Not(HasSubstr("may have been accepted")));
  server_.With([](FakeState& state) {
    state.submit_error = grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "after a minute");
  });
  EXPECT_EQ(Run({"submit", file}), ExitCode::kUnreachable);
  EXPECT_THAT(err(), HasSubstr("may have been accepted"));
  server_.With([](FakeState& state) {
    state.submit_error = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many");
  });
  EXPECT_EQ(Run({"submit", file}), ExitCode::kError);
  EXPECT_THAT(err(), Not(HasSubstr("may have been accepted"))) << "it has answered";
}

TEST_F(AppTest, SaysWhatAServerSaysThatIsReachedButCannotServe) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  v1::ErrorDetails details;
  details.set_reached(true);
  server_.With([&](FakeState& state) {
    state.submit_error = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the disk is broken",
                                      details.SerializeAsString());
  });
  EXPECT_EQ(Run({"submit", file, "--dry-run"}), ExitCode::kUnreachable);
  EXPECT_EQ(err(), "kurctl: the disk is broken\n");
}

TEST_F(AppTest, SubmitShowsEveryErrorOfAKurfileWithoutAskingTheServer) {
  const std::string file = folder_.Write("p/toy.yml", "model:\n  - dense: ten\ntrian: {}\n");
  EXPECT_EQ(Run({"submit", file}), ExitCode::kError);
  EXPECT_THAT(err(),
              AllOf(HasSubstr(file + ":2:12: error: "), HasSubstr("    2 |   - dense: ten\n"),
                    HasSubstr("^~~\n"), HasSubstr(file + ":3:1: error: ")));
  server_.With([](FakeState& state) { EXPECT_THAT(state.submits, IsEmpty()); });
}

TEST_F(AppTest, SubmitShowsTheServersErrorsInLocalFiles) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  v1::ErrorDetails details;
  v1::Diagnostic* diagnostic = details.add_diagnostics();
  diagnostic->set_file("toy.yml");
  diagnostic->set_line(8);
  diagnostic->set_column(7);
  diagnostic->set_path("train.data[0].pickle");
  diagnostic->set_message("data.pkl is not in the project");
  server_.With([&](FakeState& state) {
    state.submit_error = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the Kurfile is wrong",
                                      details.SerializeAsString());
  });
  EXPECT_EQ(Run({"submit", file}), ExitCode::kError);
  EXPECT_EQ(err(), file +
                       ":8:7: error: train.data[0].pickle: data.pkl is not in the project\n"
                       "    8 |     - pickle: data.pkl\n"
                       "      |       ^~~~~~\n"
                       "1 error\n");
}

TEST_F(AppTest, SubmitRefusesFoldersAsData) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  folder_.Write("p/data.pkl/inside", "bytes");
  EXPECT_EQ(Run({"submit", file}), ExitCode::kError);
  EXPECT_THAT(err(), HasSubstr("'data.pkl' is a folder; name the files in it"));
}

TEST_F(AppTest, DryRunOnlyAsksWhetherTheJobWouldBeAccepted) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  folder_.Write("p/data.pkl", "bytes");
  ASSERT_EQ(Run({"submit", file, "--dry-run"}), ExitCode::kOk) << err();
  EXPECT_EQ(out(), file + " is fine; nothing was submitted\n");
  server_.With([](FakeState& state) {
    EXPECT_TRUE(state.submits.at(0).validate_only());
    EXPECT_EQ(state.submits.at(0).inputs_size(), 1);
  });
}

TEST_F(AppTest, SubmitFollowEndsAsTheJobEnds) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  server_.With([](FakeState& state) {
    state.events["job-1"] = {StateEvent(1, v1::JOB_STATE_FAILED, "loss is NaN")};
  });
  EXPECT_EQ(Run({"submit", file, "--follow"}), ExitCode::kJobFailed) << err();
  EXPECT_EQ(out(), "job job-1 submitted\n22:13:21 failed: loss is NaN\n");
}

TEST_F(AppTest, PlanShowsShapesAndSizes) {
  const std::string file = folder_.Write("p/toy.yml", kKurfile);
  ASSERT_EQ(Run({"plan", file}), ExitCode::kOk) << err();
  EXPECT_EQ(out(),
            "LAYER  KIND   OUTPUT  PARAMETERS  MULTIPLY-ADDS  INPUTS\n"
            "in     input  (4,)             0              0  -\n"
            "out    dense  (2,)            10              8  in\n"
            "\n"
            "2 layers, 10 parameters, 10 of them trainable; 8 multiply-adds a sample\n"
            "In batches of 32:\n"
            "  training    928 B: weights 40 B, gradients 40 B, optimizer 80 B, activations 768 B\n"
            "  inference   808 B: weights 40 B, activations 768 B\n"
            "  a step      1.54 kFLOP, 3.3 KiB moved; at least 0.000335 ms at 100 GFLOP/s and 10 "
            "GB/s\n");
  ASSERT_EQ(Run({"plan", file, "--batch-size", "64", "-o", "json"}), ExitCode::kOk) << err();
  EXPECT_EQ(Json::parse(out())["training"]["activation_bytes"], 2 * 768);
}

TEST_F(AppTest, DumpPrintsTheKurfileBeforeAndAfterTemplating) {
  const std::string file = folder_.Write(
      "p/toy.yml",
      "settings: {n: 2}\nmodel:\n  - input: {shape: [4]}\ntrain: {epochs: '{{ n }}'}\n");
  ASSERT_EQ(Run({"dump", file, "--pre-parse"}), ExitCode::kOk) << err();
  EXPECT_EQ(Json::parse(out())["train"]["epochs"], "{{ n }}");
  ASSERT_EQ(Run({"dump", file, "--pre-parse", "--set", "train.epochs=7"}), ExitCode::kOk) << err();
  EXPECT_EQ(Json::parse(out())["train"]["epochs"], 7);
}

TEST_F(AppTest, VersionAlsoTellsTheServers) {
  ASSERT_EQ(Run({"version"}), ExitCode::kOk);
  EXPECT_THAT(out(), AllOf(StartsWith("kurctl "),
                           HasSubstr("kurd 9.9 (you are alice, state in /srv/kurd)\n")));
  TestContext test({{"HOME", folder_.path()}});
  EXPECT_EQ(RunKurctl({"version"}, test.context), ExitCode::kOk);
}

}  // namespace
}  // namespace kur::client
