#ifndef KUR_TESTS_CLIENT_FAKE_SERVER_H_
#define KUR_TESTS_CLIENT_FAKE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "kur/v1/kur.grpc.pb.h"

namespace kur::client {

// What a fake kurd knows and what it was asked. Tests set it up before, and look at it after, the
// calls; the services change it under their mutex.
struct FakeState {
  std::map<std::string, v1::Job> jobs;
  std::map<std::string, std::vector<v1::Event>> events;                // by job
  std::map<std::string, std::map<std::string, std::string>> contents;  // job -> path -> bytes
  std::map<std::string, v1::Artifact::Kind> kinds;                     // by path
  std::map<std::string, std::string> blobs;                            // complete, by digest
  std::map<std::string, std::string> partial_blobs;                    // by digest
  std::vector<v1::Device> devices;
  std::string token;  // when set, calls need it

  // Faults.
  grpc::Status submit_error = grpc::Status::OK;  // every submission answers this
  int lose_submit_replies = 0;                   // accept, then answer UNAVAILABLE, that often
  int drop_stream_after = 0;       // a stream of events breaks after so many; 0: never
  int64_t repeat_before = 0;       // a resumed stream begins so many events too early
  int64_t cut_download_after = 0;  // a download breaks after so many bytes; 0: never
  bool corrupt_downloads = false;  // bytes are flipped on the way
  int64_t cut_upload_after = 0;    // the next upload breaks after so many bytes; 0: never
  std::function<void(FakeState&)> on_cut_download;  // what happens meanwhile

  // What was asked.
  std::vector<v1::SubmitJobRequest> submits;
  std::vector<v1::WatchEventsRequest> watches;
  std::vector<v1::DownloadArtifactRequest> downloads;
  std::vector<v1::UploadBlobRequest> upload_starts;  // without data
  std::vector<v1::ListJobsRequest> lists;
  std::map<std::string, std::string> requests;  // request id -> job
};

// An in-process kurd on a UNIX socket that does what FakeState says. Thread-safe through state().
class FakeServer {
 public:
  // Listens on `socket`.
  explicit FakeServer(const std::string& socket);
  ~FakeServer();

  // Runs `use` on the state with the services kept out.
  template <class Use>
  auto With(Use use) {
    absl::MutexLock lock(&mutex_);
    return use(state_);
  }

  std::string address() const { return "unix:" + socket_; }

 private:
  friend class FakeJobs;
  friend class FakeBlobs;
  friend class FakeSystem;

  grpc::Status CheckToken(const grpc::ServerContext& context);

  const std::string socket_;
  absl::Mutex mutex_;
  FakeState state_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
};

// The artifact that a fake server makes of a content.
v1::Artifact ArtifactFor(const std::string& path, const std::string& content);

}  // namespace kur::client

#endif  // KUR_TESTS_CLIENT_FAKE_SERVER_H_
