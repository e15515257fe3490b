#ifndef KUR_SERVER_SECRETS_SECRET_VAULT_H_
#define KUR_SERVER_SECRETS_SECRET_VAULT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/file_system.h"
#include "google/protobuf/repeated_field.h"
#include "kur/v1/job.pb.h"
#include "kur/v1/kur.pb.h"
#include "kur/v1/worker.pb.h"
#include "server/secrets/sealing_key.h"
#include "server/store/secret_store.h"

namespace kur::server {

// The limits of secrets.
constexpr int kMaxSecretsOfUser = 100;
constexpr int kMaxSecretsOfJob = 32;
// Shorter ones are guessed, and could not be taken out of messages without tearing these.
constexpr size_t kMinSecretBytes = 8;
constexpr size_t kMaxSecretBytes = 4096;

// The users' secrets: encrypts them for the store, and decrypts those of a job for its worker. No
// message has a value. Thread-safe; writes to the database.
class SecretVault {
 public:
  struct Options {
    // Where the key lies, or will: the first secret makes it. Empty: there is no key, and no secret
    // can be stored.
    std::string key_path;
    // systemd keeps the key, which is never made here.
    bool is_credential = false;
    FileSystem* files = &FileSystem::Posix();
    // The time of day; tests set it.
    std::function<absl::Time()> now = TimeOfDay;
  };

  // Reads the key, if it is there; an error if it makes no sense. `store` must outlive the vault.
  static absl::StatusOr<std::unique_ptr<SecretVault>> Open(SecretStore& store, Options options);

  // See kur.v1.Secrets for what these do.
  absl::Status Set(const std::string& user, const v1::SetSecretRequest& request);
  absl::StatusOr<v1::ListSecretsResponse> List(const std::string& user);
  absl::Status Delete(const std::string& user, const std::string& name);

  // Returns FAILED_PRECONDITION, saying what to do, unless the user has a secret of that name which
  // can be decrypted.
  absl::Status Check(const std::string& user, const std::string& name);

  // Returns the secrets that a job is to be started with, and notes that it is. NOT_FOUND for one
  // that was removed, or if there is no key; DATA_LOSS for one that cannot be decrypted. The caller
  // wipes the values (WipeSecrets()).
  absl::StatusOr<v1::WorkerSecrets> Reveal(
      const std::string& user, const google::protobuf::RepeatedPtrField<v1::SecretUse>& uses,
      const std::string& job);

 private:
  SecretVault(SecretStore& store, Options options) : store_(store), options_(std::move(options)) {}

  // Returns the key, which stays for as long as the vault; null if there is none.
  const SealingKey* key() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns the key, and makes it if nobody has secrets yet.
  absl::StatusOr<const SealingKey*> KeyForSetting() ABSL_LOCKS_EXCLUDED(mutex_);
  // Decrypts the secret's value into `*secret`.
  absl::Status Decrypt(const std::string& user, v1::WorkerSecret* secret);
  // Returns OK if the secret was encrypted with the key that there is.
  absl::Status CheckKey(const SecretRecord& secret) const;

  SecretStore& store_;
  const Options options_;
  mutable absl::Mutex mutex_;
  // Never changed once it is there.
  std::optional<SealingKey> key_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_SECRETS_SECRET_VAULT_H_
