#ifndef KUR_CLIENT_STREAM_READER_H_
#define KUR_CLIENT_STREAM_READER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "client/connection.h"
#include "engine/base/clock.h"

namespace kur::client {

// Reads the messages of a server-streaming call with a timeout for each read, so that one thread
// can read, draw progress and react to Ctrl-C. The destructor cancels the call. Not thread-safe.
template <class Response>
class StreamReader {
 public:
  enum class Outcome { kMessage, kTimeout, kEnd };

  // `connection` and `stub` must outlive the reader.
  template <class Stub, class Request>
  StreamReader(const Connection& connection, Stub& stub,
               std::unique_ptr<grpc::ClientAsyncReader<Response>> (Stub::*method)(
                   grpc::ClientContext*, const Request&, grpc::CompletionQueue*, void*),
               const Request& request)
      : connection_(connection) {
    connection_.Prepare(&context_);
    reader_ = (stub.*method)(&context_, request, &queue_, this);
  }

  ~StreamReader() {
    context_.TryCancel();
    if (!status_known_) {
      grpc::Status ignored;
      void* tag;
      bool ok;
      while (pending_ > 0 && queue_.Next(&tag, &ok)) --pending_;
      reader_->Finish(&ignored, this);
      queue_.Next(&tag, &ok);
    }
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  // Waits at most `timeout` for the next message. After kEnd, status() is the status of the call.
  Outcome Next(Response* response, absl::Duration timeout) {
    const auto deadline = DeadlineAfter(timeout);
    while (true) {
      if (pending_ == 0) {
        reader_->Read(&incoming_, this);
        ++pending_;
      }
      void* tag;
      bool ok = false;
      if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) {
        return Outcome::kTimeout;
      }
      --pending_;
      if (!ok) return Finish();
      if (std::exchange(started_, true)) {
        *response = std::move(incoming_);
        return Outcome::kMessage;
      }
    }
  }

  const absl::Status& status() const { return status_; }

 private:
  Outcome Finish() {
    grpc::Status status;
    reader_->Finish(&status, this);
    void* tag;
    bool ok;
    queue_.Next(&tag, &ok);
    status_known_ = true;
    status_ = connection_.ToStatus(status);
    return Outcome::kEnd;
  }

  const Connection& connection_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<Response>> reader_;
  Response incoming_;
  int pending_ = 1;       // operations that have not completed; initially the start of the call
  bool started_ = false;  // the start of the call has completed
  bool status_known_ = false;
  absl::Status status_;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_STREAM_READER_H_
