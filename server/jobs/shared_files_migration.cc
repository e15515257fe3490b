#include "server/jobs/shared_files_migration.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "server/blobs/names_in.h"
#include "server/protocol/job_state.h"

namespace kur::server {
namespace {

constexpr int kPrivateDirectory = 0700;

// What the jobs of the store tell about a content or about all of them.
struct Use {
  std::set<std::string> owners;  // of the jobs that name it
  bool by_worker = false;        // a worker may be using it
};

struct Uses {
  std::map<std::string, Use> contents;  // by SHA-256
  bool any_worker = false;
  bool complete = true;  // no job is unreadable
};

// Returns the paths of the files of `folder` that are named by a SHA-256, with `suffix` or without.
absl::StatusOr<std::vector<std::string>> FilesByDigest(FileSystem& files, const std::string& folder,
                                                       absl::string_view suffix = "") {
  KUR_ASSIGN_OR_RETURN(const auto names, NamesIn(files, folder));
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    std::string path = JoinPath(folder, name);
    if (IsSha256Hex(absl::StripSuffix(name, suffix)) && !files.IsDirectory(path)) {
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

// Returns the paths of the contents in blobs/sha256/, which is also the folder of a user of that
// name: his folders there have longer names than those that earlier versions made, "04".
absl::StatusOr<std::vector<std::string>> SharedContents(FileSystem& files,
                                                        const std::string& folder) {
  KUR_ASSIGN_OR_RETURN(const auto names, NamesIn(files, folder));
  std::vector<std::string> all;
  for (const std::string& name : names) {
    if (name.size() != 2) continue;
    KUR_ASSIGN_OR_RETURN(auto contents, FilesByDigest(files, JoinPath(folder, name)));
    for (std::string& path : contents) all.push_back(std::move(path));
  }
  return all;
}

absl::StatusOr<Uses> FindUses(JobStore& store) {
  Uses uses;
  const absl::Status read = store.ForEach([&uses](const JobRecord& job) {
    const bool has_worker = HasWorker(job.state);
    uses.any_worker |= has_worker;
    for (const v1::Input& input : job.frozen.inputs()) {
      Use& use = uses.contents[input.sha256()];
      use.owners.insert(job.owner);
      use.by_worker |= has_worker;
    }
  });
  if (!read.ok() && !absl::IsDataLoss(read)) return read;
  uses.complete = read.ok();
  return uses;
}

// Links the contents to their users, durably. Returns those that nobody needs here any more.
absl::StatusOr<std::vector<std::string>> ShareOut(const JobEnvironment& environment,
                                                  const std::vector<std::string>& contents,
                                                  const Uses& uses) {
  FileSystem& files = *environment.files;
  std::vector<std::string> obsolete;
  size_t unnamed = 0;
  for (const std::string& path : contents) {
    const std::string digest = BaseName(path);
    const auto use = uses.contents.find(digest);
    if (use == uses.contents.end()) {
      if (uses.complete) obsolete.push_back(path);
      ++unnamed;
      continue;
    }
    for (const std::string& owner : use->second.owners) {
      const std::string his = environment.blobs->PathOf(owner, digest);
      KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(his), kPrivateDirectory));
      const absl::Status linked = files.Link(path, his);
      if (!absl::IsAlreadyExists(linked)) KUR_RETURN_IF_ERROR(linked);
    }
    if (!use->second.by_worker) obsolete.push_back(path);
  }
  KUR_RETURN_IF_ERROR(files.SyncAll(environment.layout->blobs()));
  spdlog::info(
      "uploads belong to their users now: of {} that were shared, {} went to the users whose jobs "
      "name them, and {}, which no job names, {}",
      contents.size(), contents.size() - unnamed, unnamed,
      uses.complete ? "are removed" : "stay, as a damaged job may");
  return obsolete;
}

absl::Status RemoveAll(FileSystem& files, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const absl::Status removed = files.Remove(path);
    if (!absl::IsNotFound(removed)) KUR_RETURN_IF_ERROR(removed);
    std::error_code ignored;
    // The folder, and the folder of that, if they are empty now.
    std::filesystem::remove(DirectoryOf(path), ignored);
    std::filesystem::remove(DirectoryOf(DirectoryOf(path)), ignored);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MigrateSharedFiles(const JobEnvironment& environment) {
  FileSystem& files = *environment.files;
  const std::string blobs = environment.layout->blobs();
  KUR_ASSIGN_OR_RETURN(const auto contents, SharedContents(files, blobs + "/sha256"));
  KUR_ASSIGN_OR_RETURN(const auto partial, FilesByDigest(files, blobs + "/partial"));
  KUR_ASSIGN_OR_RETURN(const auto downloads,
                       FilesByDigest(files, environment.layout->downloads(), ".part"));
  if (contents.empty() && partial.empty() && downloads.empty()) return absl::OkStatus();

  KUR_ASSIGN_OR_RETURN(const Uses uses, FindUses(*environment.store));
  if (!contents.empty()) {
    KUR_ASSIGN_OR_RETURN(const auto obsolete, ShareOut(environment, contents, uses));
    KUR_RETURN_IF_ERROR(RemoveAll(files, obsolete));
  }
  KUR_RETURN_IF_ERROR(RemoveAll(files, partial));
  if (downloads.empty() || uses.any_worker) return absl::OkStatus();
  spdlog::info("the {} downloads that users shared are removed; each user has his own from now on",
               downloads.size());
  return RemoveAll(files, downloads);
}

}  // namespace kur::server
