// Who may do what to whose job: every method that the services have, over a real socket.

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

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
  static const auto* const methods = new std::set<std::string>{
      "SubmitJob", "ListJobs", "FindMissingBlobs", "UploadBlob", "GetServerInfo", "ListDevices"};
  return *methods;
}

std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const char* name : {"kur.v1.Jobs", "kur.v1.Blobs", "kur.v1.System"}) {
    const auto* service = DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
  }
  return methods;
}

class AccessTest : public ::testing::Test {
 protected:
  // Returns the code that the user of the token gets for a request that names `job`, if it can.
  StatusCode Call(const MethodDescriptor& method, const std::string& job,
                  const std::string& token) {
    const std::unique_ptr<Message> request(
        MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
    if (const FieldDescriptor* name = method.input_type()->FindFieldByName("name")) {
      request->GetReflection()->SetString(request.get(), name, job);
    }
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    const grpc::Slice slice(request->SerializeAsString());
    const grpc::ByteBuffer message(&slice, 1);
    grpc::ByteBuffer response;
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
    do call->Read(&response, nullptr);
    while (wait());
    call->Finish(&status, nullptr);
    wait();
    return status.error_code();
  }

  static constexpr char kAnnsToken[] = "anns-token-0123456789";
  static constexpr char kBobsToken[] = "bobs-token-0123456789";

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
    EXPECT_EQ(Call(*method, job, kBobsToken), StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(Call(*method, job, "nobodys-token-0123456789"), StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(Call(*method, "no-such-job", kBobsToken), StatusCode::NOT_FOUND);
    EXPECT_NE(Call(*method, job, kAnnsToken), StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(api_.server.Get(job, "ann").name(), job);
}

TEST_F(AccessTest, ASecondUsersListsAreEmpty) {
  api_.server.Submit("r1", "ann");
  EXPECT_EQ(api_.server.jobs->List({"bob"}, {})->jobs_size(), 0);
  EXPECT_EQ(api_.server.jobs->List({"ann"}, {})->jobs_size(), 1);
}

}  // namespace
}  // namespace kur::server
