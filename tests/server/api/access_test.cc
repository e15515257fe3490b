// Who may do what to whose job: every method that the services have, over a real socket.

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "kur/v1/kur.grpc.pb.h"
#include "tests/server/testing/test_api.h"

namespace kur::server {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using grpc::StatusCode;

// Methods that concern no job that is there already. Every other method names the job in its field
// `name`; a new method must do so or be listed here.
const std::set<std::string>& MethodsWithoutJob() {
  static const auto* const methods =
      new std::set<std::string>{"SubmitJob",     "ListJobs",    "FindMissingBlobs", "UploadBlob",
                                "GetServerInfo", "ListDevices", "SetSecret",        "ListSecrets"};
  return *methods;
}

std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const char* name : {"kur.v1.Jobs", "kur.v1.Blobs", "kur.v1.Secrets", "kur.v1.System"}) {
    const auto* service = DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
  }
  return methods;
}

// All that a call answers.
struct Answer {
  StatusCode code = StatusCode::OK;
  std::string message;
  std::string details;
  std::vector<std::string> responses;

  bool operator==(const Answer& other) const {
    return code == other.code && message == other.message && details == other.details &&
           responses == other.responses;
  }
};

void PrintTo(const Answer& answer, std::ostream* out) {
  *out << answer.code << " '" << answer.message << "' and " << answer.responses.size()
       << " responses:";
  for (const std::string& response : answer.responses) *out << " " << absl::CEscape(response);
}

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// What requests ask for, by the names of their fields.
using Fields = std::map<std::string, std::string>;

void SetFields(const Fields& fields, Message* message) {
  const auto* reflection = message->GetReflection();
  for (const auto& [name, value] : fields) {
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) continue;
    if (field->is_repeated()) {
      reflection->AddString(message, field, value);
    } else {
      reflection->SetString(message, field, value);
    }
  }
}

class AccessTest : public ::testing::Test {
 protected:
  // Returns a request of the method with these fields, where it has them.
  static std::unique_ptr<Message> Request(const MethodDescriptor& method, const Fields& fields) {
    std::unique_ptr<Message> request(
        MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
    SetFields(fields, request.get());
    if (method.name() == "SubmitJob") {
      // It gets as far as to the files that it names, and makes no job.
      v1::SubmitJobRequest submit = TestServer::Request("r9");
      submit.set_validate_only(true);
      submit.set_project(fields.at("project"));
      SetFields(fields, submit.mutable_inputs(0));
      submit.mutable_inputs(0)->set_path("data.pkl");
      submit.mutable_inputs(0)->set_size(static_cast<int64_t>(std::string(kAnnsData).size()));
      request->CopyFrom(submit);
    }
    return request;
  }

  Answer Call(const MethodDescriptor& method, const Message& request, const std::string& token) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    const grpc::Slice slice(request.SerializeAsString());
    const grpc::ByteBuffer message(&slice, 1);
    grpc::Status status;
    grpc::CompletionQueue queue;
    const auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    // As a stream, whatever the method is: the status follows the last message.
    const auto call = stub_.PrepareCall(
        &context, "/" + method.service()->full_name() + "/" + method.name(), &queue);
    call->StartCall(nullptr);
    wait();
    call->WriteLast(message, grpc::WriteOptions(), nullptr);
    wait();
    Answer answer;
    while (true) {
      grpc::ByteBuffer response;
      call->Read(&response, nullptr);
      if (!wait()) break;
      answer.responses.push_back(Bytes(response));
    }
    call->Finish(&status, nullptr);
    wait();
    answer.code = status.error_code();
    answer.message = status.error_message();
    answer.details = status.error_details();
    return answer;
  }
  StatusCode Call(const MethodDescriptor& method, const std::string& job,
                  const std::string& token) {
    return Call(method, *Request(method, {{"name", job}, {"project", ""}}), token).code;
  }

  // Ann has a job in a project of hers, which has read an upload of hers and writes a file, and a
  // secret of the same name.
  void LetAnnWork(const std::string& name = "cifar-1") {
    api_.server.SetSecret(name, "what only ann knows");
    api_.server.Upload(kAnnsData, "ann");
    v1::SubmitJobRequest request = TestServer::Request("r1");
    request.set_project("annsproject");
    request.mutable_inputs(0)->set_sha256(Sha256Hex(kAnnsData));
    request.mutable_inputs(0)->set_size(static_cast<int64_t>(std::string(kAnnsData).size()));
    const auto job = api_.server.jobs->Submit({"ann"}, request);
    ASSERT_THAT(job, IsOk());
    ASSERT_EQ(job->name(), name);
    api_.server.jobs->WaitUntilIdle();
    FakeWorker worker(api_.server, job->name());
    ASSERT_THAT(worker.Connect(), IsOk());
    ASSERT_THAT(worker.Report(FakeWorker::Started()), IsOk());
    ASSERT_THAT(WriteFileAtomically(api_.server.files,
                                    api_.server.layout.Artifacts(job->name()) + "/last.w", "w"),
                IsOk());
    v1::Event event;
    event.mutable_artifact_written()->set_path("last.w");
    event.mutable_artifact_written()->set_size(1);
    event.mutable_artifact_written()->set_sha256(Sha256Hex("w"));
    ASSERT_THAT(worker.Report(event), IsOk());
  }

  static constexpr char kAnnsToken[] = "anns-token-0123456789";
  static constexpr char kBobsToken[] = "bobs-token-0123456789";
  static constexpr char kAnnsData[] = "what only ann has";

  TestApi api_{*TokenFile::Parse("ann:anns-token-0123456789\nbob:bobs-token-0123456789\n", "t")};
  grpc::GenericStub stub_{api_.TcpChannel()};
};

TEST_F(AccessTest, NoMethodTouchesAnothersJob) {
  const std::string job = api_.server.Submit("r1", "ann");
  for (const MethodDescriptor* method : AllMethods()) {
    SCOPED_TRACE(method->full_name());
    if (MethodsWithoutJob().count(method->name()) > 0) continue;
    ASSERT_NE(method->input_type()->FindFieldByName("name"), nullptr)
        << "which job does it concern?";
    EXPECT_EQ(Call(*method, job, kBobsToken), StatusCode::NOT_FOUND);
    EXPECT_EQ(Call(*method, job, "nobodys-token-0123456789"), StatusCode::UNAUTHENTICATED);
    EXPECT_NE(Call(*method, job, kAnnsToken), StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(api_.server.Get(job, "ann").name(), job);
}

// Every method answers bob before ann has anything, when she has, and when what she has is damaged:
// nothing may differ. Bob himself has a job whose name begins with that of hers.
TEST_F(AccessTest, NoAnswerTellsWhatAnotherHas) {
  v1::SubmitJobRequest bobs = TestServer::Request("r0");
  bobs.set_name("cifar-2-of-bob");
  ASSERT_EQ(api_.server.jobs->Submit({"bob"}, bobs)->name(), "cifar-2-of-bob-1");
  api_.server.jobs->WaitUntilIdle();
  std::vector<Fields> asked;
  for (const char* name : {"cifar-2", "cifar-", "c", "cifar-2-of-bob-1", "none"}) {
    for (const char* path : {"last.w", "none.w"}) {
      asked.push_back({{"name", name},
                       {"path", path},
                       {"project", "annsproject"},
                       {"request_id", "r1"},
                       {"sha256", Sha256Hex(kAnnsData)}});
    }
  }
  const auto answers = [&] {
    std::map<std::pair<std::string, size_t>, Answer> all;
    for (const MethodDescriptor* method : AllMethods()) {
      // That a device is busy concerns all.
      if (method->name() == "ListDevices") continue;
      for (size_t i = 0; i < asked.size(); ++i) {
        all[{method->full_name(), i}] = Call(*method, *Request(*method, asked[i]), kBobsToken);
      }
    }
    return all;
  };
  // The first time it cancels bob's job; from its end on nothing changes.
  answers();
  api_.server.EndWorker("cifar-2-of-bob-1", v1::JOB_STATE_CANCELLED);
  const auto before = answers();
  const auto expect_the_same = [&] {
    const auto now = answers();
    for (const auto& [call, answer] : before) {
      EXPECT_EQ(now.at(call), answer) << call.first << " with fields " << call.second;
    }
  };
  LetAnnWork("cifar-2");
  expect_the_same();
  ASSERT_THAT(api_.server.database->Write([](SqlDatabase& database) {
    return database.Execute("UPDATE jobs SET frozen = x'ff' WHERE owner = 'ann'");
  }),
              IsOk());
  expect_the_same();
  EXPECT_EQ(before.at({"kur.v1.Jobs.CancelJob", 0}).code, StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(before.at({"kur.v1.Jobs.SubmitJob", 0}).code, StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(before.at({"kur.v1.Blobs.FindMissingBlobs", 0}).responses.size(), 1u);
}

// The same requests find what ann has: those above ask for the right things.
TEST_F(AccessTest, TheOwnerIsAnswered) {
  LetAnnWork();
  const Fields fields = {{"name", "cifar-1"},
                         {"path", "last.w"},
                         {"project", "annsproject"},
                         {"value", "another secret"},
                         {"sha256", Sha256Hex(kAnnsData)}};
  for (const MethodDescriptor* method : AllMethods()) {
    Fields mine = fields;
    // What was downloaded before; not of the upload.
    if (method->name() == "DownloadArtifact") mine.erase("sha256");
    const auto request = Request(*method, mine);
    EXPECT_EQ(Call(*method, *request, kAnnsToken).code, StatusCode::OK) << method->full_name();
  }
}

TEST_F(AccessTest, ASecondUsersListsAreEmpty) {
  api_.server.Submit("r1", "ann");
  api_.server.SetSecret("TOKEN", "what only ann knows");
  EXPECT_EQ(api_.server.secrets->List("bob")->secrets_size(), 0);
  EXPECT_EQ(api_.server.secrets->List("ann")->secrets_size(), 1);
  EXPECT_EQ(api_.server.jobs->List({"bob"}, {})->jobs_size(), 0);
  EXPECT_EQ(api_.server.jobs->List({"ann"}, {})->jobs_size(), 1);
}

}  // namespace
}  // namespace kur::server
