#ifndef KUR_SERVER_AUTH_ACCESS_POLICY_H_
#define KUR_SERVER_AUTH_ACCESS_POLICY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace kur::server {

// What a user may do in general. The Authenticator makes every user a member.
enum class Role {
  kViewer,  // look at what is his
  kMember,  // besides: submit, upload, and act on what is his
  kAdmin,   // besides: act on everything
};

// Who makes a call, as the Authenticator has found out.
struct Caller {
  std::string user;
  Role role = Role::kMember;
};

// What a call does.
enum class Action {
  kViewServer,   // the server itself, its devices, and the list of the caller's jobs
  kUploadBlobs,  // ask for and upload contents
  kSubmitJob,
  kViewJob,        // its state and its events
  kReadJob,        // its Kurfile and what it has written
  kControlJob,     // cancel it, have it write a checkpoint
  kManageSecrets,  // the caller's own: store, list and remove them
};

// Which job, and whose.
struct JobIdentity {
  std::string name;
  std::string owner;
};

// Returns whether a method ("/package.Service/Method") is for everyone, also without a token.
bool IsPublic(absl::string_view method);

// Returns OK if the caller may do it at all, whatever job it concerns; else PERMISSION_DENIED. A
// pure function; thread-safe.
absl::Status CheckAccess(const Caller& caller, Action action);

// Returns whether the caller may know that the job exists. For one who may not it does not: every
// answer is what it would be without the job. A pure function; thread-safe.
bool MaySee(const Caller& caller, const JobIdentity& job);

// Returns the NOT_FOUND for a name that no job has that the asker may see.
absl::Status NoSuchJob(absl::string_view name);

// Returns OK if the caller may do it to the job; NoSuchJob() if he may not even see the job; else
// PERMISSION_DENIED. A pure function; thread-safe.
absl::Status CheckAccess(const Caller& caller, Action action, const JobIdentity& job);

}  // namespace kur::server

#endif  // KUR_SERVER_AUTH_ACCESS_POLICY_H_
