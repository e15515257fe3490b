#include "client/submission.h"

#include <sys/stat.h>

#include <set>
#include <string>
#include <vector>

#include "engine/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kur/v1/errors.pb.h"
#include "tests/client/fake_server.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A Kurfile whose training data is read from `data`.
std::string KurfileText(const std::string& data) {
  return R"(model:
  - input: {shape: [4]}
    name: in
  - dense: 2
    name: out
train:
  data:
)" + data +
         R"(  weights: {initial: first.kur, must_exist: no, last: last.kur}
loss:
  - {target: out, name: mean_squared_error}
)";
}

class SubmissionTest : public testing::Test {
 protected:
  // A submission of folder_/project/toy.yml with that text.
  absl::StatusOr<Submission> Prepare(const std::string& text) {
    options_.kurfile = folder_.Write("project/toy.yml", text);
    return PrepareSubmission(options_);
  }

  // The messages of the diagnostics in a refusal.
  static std::vector<std::string> Messages(const absl::Status& status) {
    std::vector<std::string> messages;
    for (const Diagnostic& diagnostic : DiagnosticsOf(status)) {
      messages.push_back(diagnostic.message);
    }
    return messages;
  }

  static std::vector<std::string> SourcePaths(const Submission& submission) {
    std::vector<std::string> paths;
    for (const auto& source : submission.request.sources()) paths.push_back(source.path());
    return paths;
  }

  static std::vector<std::string> InputPaths(const Submission& submission) {
    std::vector<std::string> paths;
    for (const auto& input : submission.request.inputs()) paths.push_back(input.path());
    return paths;
  }

  TemporaryDirectory folder_;
  SubmissionOptions options_;
};

TEST_F(SubmissionTest, TheRequestSaysWhatTheOptionsSay) {
  options_.name = "toy";
  options_.project = "vision";
  options_.mode = Mode::kTrain;
  options_.overrides = {"train.epochs=3", "settings.x=1"};
  const auto submission = Prepare(KurfileText("    - pickle: data.pkl\n"));
  ASSERT_TRUE(submission.ok()) << submission.status();
  const v1::SubmitJobRequest& request = submission->request;
  EXPECT_EQ(request.name(), "toy");
  EXPECT_EQ(request.project(), "vision");
  EXPECT_EQ(request.mode(), v1::MODE_TRAIN);
  EXPECT_THAT(request.overrides(), ElementsAre("train.epochs=3", "settings.x=1"));
  EXPECT_FALSE(request.has_inspection());
  EXPECT_THAT(request.request_id(), IsEmpty()) << "chosen when the request is sent";
}

TEST_F(SubmissionTest, TheProjectIsTheFolderOfTheKurfileUnlessNamed) {
  options_.kurfile = folder_.Write("-my project!/toy.yml", KurfileText("    - pickle: data.pkl\n"));
  const auto submission = PrepareSubmission(options_);
  ASSERT_TRUE(submission.ok()) << submission.status();
  EXPECT_EQ(submission->request.project(), "my-project-");
}

TEST_F(SubmissionTest, SourcesAreNamedFromTheFolderThatHoldsThemAll) {
  const std::string model = folder_.Write("shared/model.yml", "settings: {width: 2}\n");
  const auto submission =
      Prepare("include: ../shared/model.yml\n" + KurfileText("    - pickle: data.pkl\n"));
  ASSERT_TRUE(submission.ok()) << submission.status();
  EXPECT_EQ(submission->request.kurfile(), "project/toy.yml");
  EXPECT_THAT(SourcePaths(*submission), ElementsAre("project/toy.yml", "shared/model.yml"));
  EXPECT_EQ(submission->request.sources(1).content(), "settings: {width: 2}\n");
  // The server may name a file from either folder; the user reads the name that this machine uses.
  const auto local = [&](const std::string& name) {
    const auto it = submission->local_names.find(name);
    return it == submission->local_names.end() ? "(none)" : it->second;
  };
  EXPECT_EQ(local("project/toy.yml"), options_.kurfile);
  EXPECT_EQ(local("toy.yml"), options_.kurfile);
  EXPECT_EQ(local("shared/model.yml"), local("../shared/model.yml"));
}

TEST_F(SubmissionTest, InputsThatAreHereAreSentOnceAndOthersAreLeftToTheServer) {
  const std::string data = folder_.Write("project/data.pkl", "bytes");
  const std::string above = folder_.Write("above.pkl", "more bytes");
  const auto submission =
      Prepare(KurfileText("    - pickle: data.pkl\n"
                          "    - pickle: ./data.pkl\n"
                          "    - pickle: ../above.pkl\n"
                          "    - pickle: missing.pkl\n"
                          "    - pickle: /absolute.pkl\n"));
  ASSERT_TRUE(submission.ok()) << submission.status();
  EXPECT_THAT(InputPaths(*submission), ElementsAre("data.pkl", "../above.pkl"));
  EXPECT_EQ(submission->request.inputs(0).sha256(), Sha256Hex("bytes"));
  EXPECT_EQ(submission->request.inputs(0).size(), 5);
  ASSERT_EQ(submission->files.size(), 2u);
  EXPECT_EQ(submission->files[0].sha256, Sha256Hex("bytes"));
  EXPECT_EQ(submission->files[0].size, 5);
  EXPECT_EQ(folder_.Read("project/data.pkl"), "bytes");
}

TEST_F(SubmissionTest, TheFilesToBeHashedAreAnnounced) {
  folder_.Write("project/data.pkl", "bytes");
  std::vector<std::string> hashed;
  options_.on_hash = [&](const std::string& path) { hashed.push_back(path); };
  ASSERT_TRUE(Prepare(KurfileText("    - pickle: data.pkl\n")).ok());
  EXPECT_THAT(hashed, ElementsAre(folder_.File("project/data.pkl")));
}

TEST_F(SubmissionTest, WeightsAreSentOnRequestOnly) {
  folder_.Write("project/first.kur", "weights");
  const std::string text = KurfileText("    - pickle: data.pkl\n");
  const auto without = Prepare(text);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_THAT(InputPaths(*without), IsEmpty());
  options_.upload_weights = true;
  const auto with = Prepare(text);
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_THAT(InputPaths(*with), ElementsAre("first.kur"));
}

TEST_F(SubmissionTest, EverythingThatIsNoRegularFileIsRefusedWithItsPlace) {
  folder_.Write("project/folder/inside", "bytes");
  ASSERT_EQ(mkfifo(folder_.File("project/pipe").c_str(), 0600), 0);
  const auto submission =
      Prepare(KurfileText("    - pickle: folder\n"
                          "    - pickle: pipe\n"));
  EXPECT_THAT(Messages(submission.status()),
              ElementsAre(HasSubstr("'folder' is a folder"), HasSubstr("'pipe' is no regular")));
  EXPECT_EQ(DiagnosticsOf(submission.status())[0].location.line, 8);
  EXPECT_EQ(DiagnosticsOf(submission.status())[1].path, "train.data[1].pickle");
}

TEST_F(SubmissionTest, AKurfileThatCannotBeReadIsRefused) {
  folder_.Write("project/toy.yml", "");
  options_.kurfile = folder_.File("project");
  EXPECT_THAT(std::string(PrepareSubmission(options_).status().message()),
              HasSubstr("is a folder; name the Kurfile in it"));
  options_.kurfile = folder_.File("missing.yml");
  EXPECT_TRUE(absl::IsNotFound(PrepareSubmission(options_).status()));
  EXPECT_THAT(Messages(Prepare("trian: {}\n").status()), testing::Not(IsEmpty()));
}

TEST_F(SubmissionTest, AKurfileWithoutTheModesSectionIsRefused) {
  options_.mode = Mode::kTest;
  EXPECT_FALSE(Prepare(KurfileText("    - pickle: data.pkl\n")).ok());
}

TEST_F(SubmissionTest, ARefusalOfTheServerNamesTheUsersFiles) {
  Submission submission;
  submission.local_names["toy.yml"] = "../models/toy.yml";
  v1::ErrorDetails details;
  for (const char* file : {"toy.yml", "unknown.yml", ""}) {
    v1::Diagnostic* const diagnostic = details.add_diagnostics();
    diagnostic->set_file(file);
    diagnostic->set_line(8);
    diagnostic->set_column(7);
    diagnostic->set_path("train");
    diagnostic->set_message("is wrong");
  }
  v1::Diagnostic* const warning = details.add_diagnostics();
  warning->set_warning(true);
  warning->set_message("is odd");

  TemporaryDirectory folder;
  FakeServer server(folder.File("kurd.sock"));
  server.With([&](FakeState& state) {
    state.submit_error = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the Kurfile is wrong",
                                      details.SerializeAsString());
  });
  Settings settings;
  settings.server = *ParseAddress(server.address());
  const auto connection = *Connection::Open(settings);
  const absl::Status refusal =
      connection->Call(&v1::Jobs::Stub::SubmitJob, v1::SubmitJobRequest()).status();
  const auto diagnostics = DiagnosticsOf(WithLocalNames(refusal, submission));
  ASSERT_EQ(diagnostics.size(), 4u);
  EXPECT_EQ(*diagnostics[0].location.file, "../models/toy.yml");
  EXPECT_EQ(diagnostics[0].location.line, 8);
  EXPECT_EQ(*diagnostics[1].location.file, "unknown.yml");
  EXPECT_EQ(diagnostics[2].location.file, nullptr);
  EXPECT_EQ(diagnostics[3].severity, Diagnostic::Severity::kWarning);
}

TEST_F(SubmissionTest, ARefusalWithoutDiagnosticsStaysAsItIs) {
  const absl::Status refusal = absl::ResourceExhaustedError("the disk is full");
  EXPECT_EQ(WithLocalNames(refusal, Submission()), refusal);
}

TEST(NewRequestIdTest, IsARandomUuid) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const std::string id = NewRequestId();
    EXPECT_THAT(id, testing::MatchesRegex(
                        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 100u);
}

TEST(SanitizeNameTest, LeavesOnlyWhatTheServerAccepts) {
  EXPECT_EQ(SanitizeName("my.model_2-b"), "my.model_2-b");
  EXPECT_EQ(SanitizeName("a b/ä"), "a-b---");
  EXPECT_EQ(SanitizeName("..hidden"), "hidden");
  EXPECT_EQ(SanitizeName("--"), "");
  EXPECT_EQ(SanitizeName(""), "");
  EXPECT_EQ(SanitizeName(std::string(100, 'x')), std::string(64, 'x'));
}

}  // namespace
}  // namespace kur::client
