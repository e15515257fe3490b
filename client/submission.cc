#include "client/submission.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/connection.h"
#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxSourceBytes = 1 << 20;
constexpr size_t kMaxNameChars = 64;

v1::Mode ToProto(Mode mode) {
  switch (mode) {
    case Mode::kTrain:
      return v1::MODE_TRAIN;
    case Mode::kTest:
      return v1::MODE_TEST;
    case Mode::kEvaluate:
      return v1::MODE_EVALUATE;
    case Mode::kInspect:
      return v1::MODE_INSPECT;
  }
  return v1::MODE_UNSPECIFIED;
}

// Returns the absolute path without "." and "..". Does not resolve links: a source is sent under
// the name of the link.
absl::StatusOr<fs::path> Absolute(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  if (error) return ErrnoToStatus(error.value(), path);
  return absolute.lexically_normal();
}

// Returns the deepest folder that contains all of `paths`.
fs::path CommonFolder(const std::vector<fs::path>& paths) {
  fs::path common = paths.front().parent_path();
  for (const fs::path& path : paths) {
    const fs::path folder = path.parent_path();
    const auto [end, unused] =
        std::mismatch(common.begin(), common.end(), folder.begin(), folder.end());
    fs::path shared;
    for (auto it = common.begin(); it != end; ++it) shared /= *it;
    common = shared;
  }
  return common;
}

absl::Status AddSources(const std::vector<std::string>& files, Submission* submission) {
  std::vector<fs::path> paths;
  for (const std::string& file : files) {
    KUR_ASSIGN_OR_RETURN(fs::path path, Absolute(file));
    paths.push_back(std::move(path));
  }
  const fs::path root = CommonFolder(paths);
  const fs::path home = paths.front().parent_path();
  for (size_t i = 0; i < paths.size(); ++i) {
    v1::SourceFile* source = submission->request.add_sources();
    source->set_path(paths[i].lexically_relative(root).generic_string());
    KUR_ASSIGN_OR_RETURN(*source->mutable_content(),
                         FileSystem::Posix().Read(files[i], kMaxSourceBytes));
    submission->local_names.emplace(source->path(), files[i]);
    submission->local_names.emplace(paths[i].lexically_relative(home).generic_string(), files[i]);
  }
  submission->request.set_kurfile(submission->request.sources(0).path());
  return absl::OkStatus();
}

// Returns whether a key of `weights` names the file.
bool IsWeights(const FileReference& file) {
  const std::vector<std::string> keys = absl::StrSplit(file.key, '.');
  return std::count(keys.begin(), keys.end(), "weights") > 0;
}

// Adds the input files that exist locally. Reports those that cannot be sent to `diagnostics`.
absl::Status AddInputs(const Kurfile& kurfile, const SubmissionOptions& options,
                       Submission* submission, Diagnostics* diagnostics) {
  const std::string folder = DirectoryOf(options.kurfile);
  std::set<std::string> seen;
  for (const FileReference& reference :
       kurfile.Inputs(options.mode, options.inspection.section())) {
    if (!reference.is_relative()) continue;
    if (IsWeights(reference) && !options.upload_weights) continue;
    const auto path = NormalizeInputPath(reference.path);
    if (!path.ok()) {
      diagnostics->Error(reference.location, reference.key, std::string(path.status().message()));
      continue;
    }
    if (!seen.insert(*path).second) continue;
    const std::string local = JoinPath(folder, *path);
    if (!Exists(local)) continue;
    if (IsDirectory(local)) {
      diagnostics->Error(
          reference.location, reference.key,
          absl::StrCat("'", reference.path,
                       "' is a folder; name the files in it, or pack them into one"));
      continue;
    }
    if (!std::filesystem::is_regular_file(local)) {
      diagnostics->Error(reference.location, reference.key,
                         absl::StrCat("'", reference.path, "' is no regular file"));
      continue;
    }
    options.on_hash(local);
    LocalFile file = {local, "", 0};
    KUR_ASSIGN_OR_RETURN(file.sha256, Sha256OfFile(local));
    KUR_ASSIGN_OR_RETURN(file.size, FileSize(local));
    v1::Input* input = submission->request.add_inputs();
    input->set_path(*path);
    input->set_sha256(file.sha256);
    input->set_size(file.size);
    submission->files.push_back(std::move(file));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> DefaultProject(const std::string& kurfile) {
  KUR_ASSIGN_OR_RETURN(const fs::path path, Absolute(kurfile));
  return SanitizeName(path.parent_path().filename().string());
}

}  // namespace

absl::StatusOr<Submission> PrepareSubmission(const SubmissionOptions& options) {
  if (IsDirectory(options.kurfile)) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.kurfile, " is a folder; name the Kurfile in it"));
  }
  KurfileOptions kurfile_options;
  kurfile_options.overrides = options.overrides;
  KUR_ASSIGN_OR_RETURN(const Kurfile kurfile, Kurfile::Load(options.kurfile, kurfile_options));
  KUR_RETURN_IF_ERROR(kurfile.CheckMode(options.mode));

  Submission submission;
  submission.warnings = kurfile.warnings();
  submission.request.set_name(options.name);
  submission.request.set_project(options.project);
  if (options.project.empty()) {
    KUR_ASSIGN_OR_RETURN(*submission.request.mutable_project(), DefaultProject(options.kurfile));
  }
  if (options.max_restarts.has_value()) {
    submission.request.set_max_restarts(*options.max_restarts);
  }
  submission.request.set_mode(ToProto(options.mode));
  if (options.mode == Mode::kInspect) {
    *submission.request.mutable_inspection() = options.inspection;
  }
  for (const std::string& change : options.overrides) submission.request.add_overrides(change);
  KUR_RETURN_IF_ERROR(AddSources(kurfile.files(), &submission));
  Diagnostics diagnostics;
  KUR_RETURN_IF_ERROR(AddInputs(kurfile, options, &submission, &diagnostics));
  KUR_RETURN_IF_ERROR(diagnostics.ToStatus());
  return submission;
}

absl::Status WithLocalNames(const absl::Status& status, const Submission& submission) {
  Diagnostics diagnostics;
  const v1::ErrorDetails details = ErrorDetailsOf(status);
  for (const v1::Diagnostic& diagnostic : details.diagnostics()) {
    Location location;
    if (!diagnostic.file().empty()) {
      const auto name = submission.local_names.find(diagnostic.file());
      location.file = std::make_shared<const std::string>(
          name == submission.local_names.end() ? diagnostic.file() : name->second);
      location.line = diagnostic.line();
      location.column = diagnostic.column();
    }
    if (diagnostic.warning()) {
      diagnostics.Warning(location, diagnostic.path(), diagnostic.message());
    } else {
      diagnostics.Error(location, diagnostic.path(), diagnostic.message());
    }
  }
  return diagnostics.has_errors() ? diagnostics.ToStatus() : status;
}

std::string NewRequestId() {
  std::random_device random;
  uint32_t words[4];
  for (uint32_t& word : words) word = random();
  // Version 4, variant 1 (RFC 4122).
  words[1] = (words[1] & 0xFFFF0FFFu) | 0x00004000u;
  words[2] = (words[2] & 0x3FFFFFFFu) | 0x80000000u;
  return absl::StrFormat("%08x-%04x-%04x-%04x-%04x%08x", words[0], words[1] >> 16,
                         words[1] & 0xFFFF, words[2] >> 16, words[2] & 0xFFFF, words[3]);
}

std::string SanitizeName(const std::string& text) {
  std::string name;
  for (const char c : text.substr(0, kMaxNameChars)) {
    const bool allowed = absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
    name += allowed ? c : '-';
  }
  // Commands would take a leading '-' for a flag; "." and ".." are folders.
  const size_t begin = name.find_first_not_of("-.");
  return begin == std::string::npos ? "" : name.substr(begin);
}

}  // namespace kur::client
