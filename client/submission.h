#ifndef KUR_CLIENT_SUBMISSION_H_
#define KUR_CLIENT_SUBMISSION_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/transfer/uploader.h"
#include "engine/kurfile/kurfile.h"
#include "engine/value/diagnostics.h"
#include "kur/v1/kur.pb.h"

namespace kur::client {

// The choices of `kurctl submit`.
struct SubmissionOptions {
  std::string kurfile;  // the path that the user gave
  Mode mode = Mode::kTrain;
  v1::Inspection inspection;            // for kInspect
  std::string name;                     // empty: the server chooses
  std::string project;                  // empty: the name of the Kurfile's folder
  std::vector<std::string> overrides;   // as PATH=VALUE
  std::optional<int32_t> max_restarts;  // absent: the server's
  // Whether to upload local weights. False: the job uses those in the project's workspace on the
  // server, which are newer if an earlier job has trained there.
  bool upload_weights = false;
  // Called before the digest of a file is computed.
  std::function<void(const std::string& path)> on_hash = [](const std::string&) {};
};

// A Kurfile with its includes and its input files, ready to be sent.
struct Submission {
  v1::SubmitJobRequest request;  // lacks only request_id
  std::vector<LocalFile> files;  // the contents of request.inputs
  std::vector<Diagnostic> warnings;
  // The name of a file in messages of the server -> the path that the user knows.
  std::map<std::string, std::string> local_names;
};

// Reads and checks the Kurfile and collects the local files that it names by relative path. Leaves
// files that do not exist here to the server. The error carries every diagnostic (see
// DiagnosticsOf()).
absl::StatusOr<Submission> PrepareSubmission(const SubmissionOptions& options);

// Converts the diagnostics that a server attached to `status` to diagnostics (see DiagnosticsOf())
// with the user's file names. Returns `status` unchanged if it has none.
absl::Status WithLocalNames(const absl::Status& status, const Submission& submission);

// Returns a random UUID (version 4).
std::string NewRequestId();

// Returns `text` as a name that the server accepts: other characters become '-', and leading '-'
// and '.' are dropped. Returns "" if nothing remains.
std::string SanitizeName(const std::string& text);

}  // namespace kur::client

#endif  // KUR_CLIENT_SUBMISSION_H_
