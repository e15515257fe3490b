#include "tests/client/fake_server.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "engine/base/sha256.h"

namespace kur::client {
namespace {

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

constexpr size_t kChunk = 1000;

Status Broken() { return {StatusCode::UNAVAILABLE, "the test breaks this"}; }

}  // namespace

class FakeJobs : public v1::Jobs::Service {
 public:
  explicit FakeJobs(FakeServer& server) : server_(server) {}

  Status SubmitJob(ServerContext* context, const v1::SubmitJobRequest* request,
                   v1::Job* job) override {
    if (const Status status = server_.CheckToken(*context); !status.ok()) return status;
    absl::MutexLock lock(&server_.mutex_);
    FakeState& state = server_.state_;
    state.submits.push_back(*request);
    if (!state.submit_error.ok()) return state.submit_error;
    for (const v1::Input& input : request->inputs()) {
      if (state.blobs.count(input.sha256()) == 0) {
        return {StatusCode::FAILED_PRECONDITION, absl::StrCat(input.path(), " was not uploaded")};
      }
    }
    auto [it, inserted] = state.requests.emplace(request->request_id(), "");
    if (inserted) it->second = absl::StrCat("job-", state.requests.size());
    job->set_name(it->second);
    job->set_project(request->project());
    job->set_state(v1::JOB_STATE_QUEUED);
    if (request->validate_only()) job->clear_name();
    state.jobs[it->second] = *job;
    if (state.lose_submit_replies > 0) {
      --state.lose_submit_replies;
      return Broken();
    }
    return Status::OK;
  }

  Status GetJob(ServerContext* context, const v1::GetJobRequest* request, v1::Job* job) override {
    if (const Status status = server_.CheckToken(*context); !status.ok()) return status;
    absl::MutexLock lock(&server_.mutex_);
    return Find(request->name(), job);
  }

  Status ListJobs(ServerContext* context, const v1::ListJobsRequest* request,
                  v1::ListJobsResponse* response) override {
    if (const Status status = server_.CheckToken(*context); !status.ok()) return status;
    absl::MutexLock lock(&server_.mutex_);
    server_.state_.lists.push_back(*request);
    std::vector<v1::Job> jobs;
    for (const auto& [name, job] : server_.state_.jobs) {
      const bool state =
          request->states().empty() ||
          std::count(request->states().begin(), request->states().end(), job.state()) > 0;
      if (state && (request->project().empty() || request->project() == job.project())) {
        jobs.push_back(job);
      }
    }
    std::sort(jobs.begin(), jobs.end(), [](const v1::Job& a, const v1::Job& b) {
      return a.submitted_at().seconds() > b.submitted_at().seconds();
    });
    const size_t begin = request->page_token().empty() ? 0 : std::stoul(request->page_token());
    const size_t end = std::min(jobs.size(), begin + static_cast<size_t>(request->page_size()));
    for (size_t i = begin; i < end; ++i) *response->add_jobs() = jobs[i];
    if (end < jobs.size()) response->set_next_page_token(absl::StrCat(end));
    return Status::OK;
  }

  Status CancelJob(ServerContext*, const v1::CancelJobRequest* request, v1::Job* job) override {
    absl::MutexLock lock(&server_.mutex_);
    if (const Status status = Find(request->name(), job); !status.ok()) return status;
    if (job->state() == v1::JOB_STATE_SUCCEEDED) {
      return {StatusCode::FAILED_PRECONDITION, absl::StrCat(job->name(), " has ended already")};
    }
    if (job->state() == v1::JOB_STATE_QUEUED) job->set_state(v1::JOB_STATE_CANCELLED);
    server_.state_.jobs[job->name()] = *job;
    return Status::OK;
  }

  Status CheckpointJob(ServerContext*, const v1::CheckpointJobRequest* request,
                       v1::CheckpointJobResponse*) override {
    absl::MutexLock lock(&server_.mutex_);
    v1::Job job;
    return Find(request->name(), &job);
  }

  Status WatchEvents(ServerContext*, const v1::WatchEventsRequest* request,
                     grpc::ServerWriter<v1::Event>* writer) override {
    std::vector<v1::Event> events;
    size_t left = 0;
    {
      absl::MutexLock lock(&server_.mutex_);
      FakeState& state = server_.state_;
      const bool resumed = !state.watches.empty();
      state.watches.push_back(*request);
      v1::Job job;
      if (const Status status = Find(request->name(), &job); !status.ok()) return status;
      const int64_t early = resumed ? state.repeat_before : 0;
      const auto from = std::max<int64_t>(1, request->from() - early);
      for (const v1::Event& event : state.events[job.name()]) {
        if (event.number() >= from) events.push_back(event);
      }
      left = state.drop_stream_after > 0 ? static_cast<size_t>(state.drop_stream_after)
                                         : events.size();
    }
    for (size_t i = 0; i < std::min(left, events.size()); ++i) writer->Write(events[i]);
    return left < events.size() ? Broken() : Status::OK;
  }

  Status ListArtifacts(ServerContext*, const v1::ListArtifactsRequest* request,
                       v1::ListArtifactsResponse* response) override {
    absl::MutexLock lock(&server_.mutex_);
    v1::Job job;
    if (const Status status = Find(request->name(), &job); !status.ok()) return status;
    for (const auto& [path, content] : server_.state_.contents[job.name()]) {
      *response->add_artifacts() = ArtifactFor(path, content);
    }
    return Status::OK;
  }

  Status DownloadArtifact(ServerContext*, const v1::DownloadArtifactRequest* request,
                          grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) override {
    std::string content;
    int64_t cut = 0;
    {
      absl::MutexLock lock(&server_.mutex_);
      FakeState& state = server_.state_;
      state.downloads.push_back(*request);
      auto& files = state.contents[request->name()];
      if (files.count(request->path()) == 0) return {StatusCode::NOT_FOUND, "no such artifact"};
      content = files[request->path()];
      cut = state.cut_download_after;
    }
    v1::DownloadArtifactResponse response;
    *response.mutable_artifact() = ArtifactFor(request->path(), content);
    if (!request->sha256().empty() && request->sha256() != response.artifact().sha256()) {
      return {StatusCode::FAILED_PRECONDITION, "other content by now"};
    }
    if (server_.With([](FakeState& state) { return state.corrupt_downloads; })) content[0] ^= 1;
    return Send(content, static_cast<size_t>(request->offset()), cut, &response, writer);
  }

 private:
  Status Send(const std::string& content, size_t offset, int64_t cut,
              v1::DownloadArtifactResponse* response,
              grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) {
    int64_t sent = 0;
    do {
      if (cut > 0 && sent >= cut) {
        server_.With([](FakeState& state) {
          if (state.on_cut_download) state.on_cut_download(state);
        });
        return Broken();
      }
      response->set_data(content.substr(offset, kChunk));
      offset += response->data().size();
      sent += static_cast<int64_t>(response->data().size());
      writer->Write(*response);
      response->Clear();
    } while (offset < content.size());
    return Status::OK;
  }

  Status Find(const std::string& name, v1::Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(server_.mutex_) {
    const auto it = server_.state_.jobs.find(name);
    if (it == server_.state_.jobs.end()) {
      return {StatusCode::NOT_FOUND, absl::StrCat("there is no job '", name, "'")};
    }
    *job = it->second;
    return Status::OK;
  }

  FakeServer& server_;
};

class FakeBlobs : public v1::Blobs::Service {
 public:
  explicit FakeBlobs(FakeServer& server) : server_(server) {}

  Status FindMissingBlobs(ServerContext*, const v1::FindMissingBlobsRequest* request,
                          v1::FindMissingBlobsResponse* response) override {
    absl::MutexLock lock(&server_.mutex_);
    for (const std::string& digest : request->sha256()) {
      if (server_.state_.blobs.count(digest) > 0) continue;
      v1::MissingBlob* missing = response->add_missing();
      missing->set_sha256(digest);
      missing->set_received(static_cast<int64_t>(server_.state_.partial_blobs[digest].size()));
    }
    return Status::OK;
  }

  Status UploadBlob(ServerContext*, grpc::ServerReader<v1::UploadBlobRequest>* reader,
                    v1::UploadBlobResponse*) override {
    v1::UploadBlobRequest request;
    if (!reader->Read(&request)) return {StatusCode::INVALID_ARGUMENT, "nothing was sent"};
    const std::string digest = request.sha256();
    const int64_t size = request.size();
    std::string content;
    int64_t cut = 0;
    {
      absl::MutexLock lock(&server_.mutex_);
      v1::UploadBlobRequest start = request;
      start.clear_data();
      server_.state_.upload_starts.push_back(start);
      content = server_.state_.partial_blobs[digest].substr(0, request.offset());
      cut = std::exchange(server_.state_.cut_upload_after, 0);
    }
    do {
      content += request.data();
      if (cut > 0 && static_cast<int64_t>(content.size()) >= cut) {
        absl::MutexLock lock(&server_.mutex_);
        server_.state_.partial_blobs[digest] = content.substr(0, cut);
        return Broken();
      }
    } while (reader->Read(&request));
    if (static_cast<int64_t>(content.size()) != size || Sha256Hex(content) != digest) {
      return {StatusCode::INVALID_ARGUMENT, "the bytes do not have the digest"};
    }
    absl::MutexLock lock(&server_.mutex_);
    server_.state_.blobs[digest] = content;
    return Status::OK;
  }

 private:
  FakeServer& server_;
};

class FakeSystem : public v1::System::Service {
 public:
  explicit FakeSystem(FakeServer& server) : server_(server) {}

  Status GetServerInfo(ServerContext* context, const v1::GetServerInfoRequest*,
                       v1::ServerInfo* info) override {
    if (const Status status = server_.CheckToken(*context); !status.ok()) return status;
    info->set_version("9.9");
    info->set_user("alice");
    info->set_state_directory("/srv/kurd");
    info->set_pid(getpid());
    return Status::OK;
  }

  Status ListDevices(ServerContext*, const v1::ListDevicesRequest*,
                     v1::ListDevicesResponse* response) override {
    absl::MutexLock lock(&server_.mutex_);
    for (const v1::Device& device : server_.state_.devices) *response->add_devices() = device;
    return Status::OK;
  }

 private:
  FakeServer& server_;
};

FakeServer::FakeServer(const std::string& socket) : socket_(socket) {
  services_.push_back(std::make_unique<FakeJobs>(*this));
  services_.push_back(std::make_unique<FakeBlobs>(*this));
  services_.push_back(std::make_unique<FakeSystem>(*this));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  for (const auto& service : services_) builder.RegisterService(service.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::cerr << "cannot listen on " << socket << std::endl;
    std::abort();
  }
}

FakeServer::~FakeServer() { server_->Shutdown(); }

grpc::Status FakeServer::CheckToken(const grpc::ServerContext& context) {
  absl::MutexLock lock(&mutex_);
  if (state_.token.empty()) return Status::OK;
  const auto it = context.client_metadata().find("authorization");
  if (it == context.client_metadata().end()) return {StatusCode::UNAUTHENTICATED, "no token"};
  const std::string given(it->second.data(), it->second.size());
  if (given != "Bearer " + state_.token) {
    return {StatusCode::PERMISSION_DENIED, "this token is not allowed to do that"};
  }
  return Status::OK;
}

v1::Artifact ArtifactFor(const std::string& path, const std::string& content) {
  v1::Artifact artifact;
  artifact.set_path(path);
  artifact.set_kind(v1::Artifact::KIND_CHECKPOINT);
  artifact.set_size(static_cast<int64_t>(content.size()));
  artifact.set_sha256(Sha256Hex(content));
  artifact.set_description("last weights");
  artifact.set_epoch(3);
  artifact.set_batch(1200);
  artifact.mutable_written_at()->set_seconds(1'700'000'000);
  return artifact;
}

}  // namespace kur::client
