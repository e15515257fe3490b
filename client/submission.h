#ifndef KUR_CLIENT_SUBMISSION_H_
#define KUR_CLIENT_SUBMISSION_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/transfer/uploader.h"
#include "engine/kurfile/kurfile.h"
#include "engine/value/diagnostics.h"
#include "kur/v1/kur.pb.h"

namespace kur::client {

// What to make a job of.
struct SubmissionOptions {
  std::string kurfile;  // as the user named it
  Mode mode = Mode::kTrain;
  v1::Inspection inspection;  // for kInspect
  std::string name;           // empty: the server's choice
  std::string project;        // empty: the name of the Kurfile's folder
  std::vector<std::string> overrides;
  // Send weights that are here; otherwise those in the project's workspace on the server count.
  bool upload_weights = false;
  // Told of every file whose digest is about to be computed.
  std::function<void(const std::string& path)> on_hash = [](const std::string&) {};
};

// A Kurfile, what it includes and what it names, ready to be sent.
struct Submission {
  v1::SubmitJobRequest request;  // lacks only request_id
  std::vector<LocalFile> files;  // the contents of request.inputs
  std::vector<Diagnostic> warnings;
  // What messages of the server call a file -> what the user calls it.
  std::map<std::string, std::string> local_names;
};

// Reads and checks the Kurfile and finds the local files that it names by relative path; those that
// are not here are left to the server. An error carries every diagnostic (see DiagnosticsOf()).
absl::StatusOr<Submission> PrepareSubmission(const SubmissionOptions& options);

// A server's refusal with its diagnostics in the user's own file names, for DiagnosticsOf();
// any other status as it is.
absl::Status WithLocalNames(const absl::Status& status, const Submission& submission);

// A random UUID (version 4).
std::string NewRequestId();

// `text` as a name that the server takes: other characters become '-'; "" if nothing is left.
std::string SanitizeName(const std::string& text);

}  // namespace kur::client

#endif  // KUR_CLIENT_SUBMISSION_H_
