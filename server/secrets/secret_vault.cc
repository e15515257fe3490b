#include "server/secrets/secret_vault.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/wipe.h"
#include "engine/value/secret_reference.h"
#include "server/protocol/conversions.h"
#include "server/protocol/worker_secrets.h"
#include "spdlog/spdlog.h"

namespace kur::server {
namespace {

// What a secret is bound to: moved to another row, it cannot be decrypted. Neither name has a NUL.
std::string ContextOf(const std::string& owner, const std::string& name) {
  return absl::StrCat("kurd secret 1", std::string(1, '\0'), owner, std::string(1, '\0'), name);
}

absl::Status CheckName(const std::string& name) {
  if (IsSecretName(name)) return absl::OkStatus();
  // What is no name may be the secret itself, in the wrong place.
  return absl::InvalidArgumentError(absl::StrCat("a secret's name is ", SecretNameRule()));
}

absl::Status CheckValue(absl::string_view value) {
  if (value.size() < kMinSecretBytes || value.size() > kMaxSecretBytes) {
    return absl::InvalidArgumentError(absl::StrCat("a secret has from ", kMinSecretBytes, " to ",
                                                   kMaxSecretBytes, " bytes, not ", value.size()));
  }
  const bool is_text = std::none_of(value.begin(), value.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
  if (is_text) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "a secret is one line of text, without tabs and other control characters");
}

std::string HowToSet(const std::string& name) {
  return absl::StrCat("`kurctl secret set ", name, "`");
}

absl::Status NoKey(const std::string& path) {
  return absl::FailedPreconditionError(
      path.empty() ? std::string("this kurd has no key to encrypt secrets with; its operator gives "
                                 "it one with --secrets-key FILE")
                   : std::string("the key that secrets were encrypted with is gone: the operator "
                                 "puts it back and starts kurd again; where that cannot be, remove "
                                 "all your secrets, and when nobody has any the next one makes a "
                                 "new key"));
}

// Another kurd of the same user may have made the key meanwhile.
absl::StatusOr<SealingKey> LoadOrCreate(FileSystem& files, const std::string& path) {
  auto key = SealingKey::Load(path);
  if (!absl::IsNotFound(key.status())) return key;
  spdlog::info("making {}, the key for secrets", path);
  return SealingKey::Create(files, path);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SecretVault>> SecretVault::Open(SecretStore& store,
                                                               Options options) {
  std::unique_ptr<SecretVault> vault(new SecretVault(store, std::move(options)));
  const std::string& path = vault->options_.key_path;
  if (path.empty()) return vault;
  auto key = SealingKey::Load(path, vault->options_.is_credential);
  if (absl::IsNotFound(key.status()) && !vault->options_.is_credential) {
    KUR_ASSIGN_OR_RETURN(const bool has_secrets, store.HasAny());
    if (has_secrets) {
      spdlog::error(
          "{} is gone, the key that secrets were encrypted with: put it back and start "
          "kurd again",
          path);
    }
    return vault;
  }
  KUR_RETURN_IF_ERROR(Annotate(key.status(), "--secrets-key"));
  const absl::MutexLock lock(&vault->mutex_);
  vault->key_.emplace(*std::move(key));
  return vault;
}

const SealingKey* SecretVault::key() const {
  const absl::MutexLock lock(&mutex_);
  return key_.has_value() ? &*key_ : nullptr;
}

absl::StatusOr<const SealingKey*> SecretVault::KeyForSetting() {
  const absl::MutexLock lock(&mutex_);
  if (key_.has_value()) return &*key_;
  if (options_.key_path.empty()) return NoKey("");
  KUR_ASSIGN_OR_RETURN(const bool has_secrets, store_.HasAny());
  if (has_secrets) return NoKey(options_.key_path);
  auto key = LoadOrCreate(*options_.files, options_.key_path);
  if (!key.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("there is no key to encrypt secrets with: ", key.status().message()));
  }
  key_.emplace(*std::move(key));
  return &*key_;
}

absl::Status SecretVault::CheckKey(const SecretRecord& secret) const {
  const SealingKey* const mine = key();
  if (mine == nullptr) return NoKey(options_.key_path);
  if (mine->id() == secret.key_id) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the secret '", secret.name,
                                                    "' was encrypted with the key ", secret.key_id,
                                                    ", and this kurd has the key ", mine->id(),
                                                    ": give it that one, or set the "
                                                    "secret again with ",
                                                    HowToSet(secret.name)));
}

absl::Status SecretVault::Set(const std::string& user, const v1::SetSecretRequest& request) {
  KUR_RETURN_IF_ERROR(CheckName(request.name()));
  KUR_RETURN_IF_ERROR(CheckValue(request.value()));
  KUR_ASSIGN_OR_RETURN(const SealingKey* const key, KeyForSetting());
  SecretRecord secret;
  secret.owner = user;
  secret.name = request.name();
  secret.key_id = key->id();
  secret.set_at = options_.now();
  KUR_ASSIGN_OR_RETURN(secret.sealed, key->Seal(request.value(), ContextOf(user, request.name())));
  return store_.Put(secret, kMaxSecretsOfUser);
}

absl::StatusOr<v1::ListSecretsResponse> SecretVault::List(const std::string& user) {
  KUR_ASSIGN_OR_RETURN(const auto records, store_.List(user));
  v1::ListSecretsResponse response;
  for (const SecretRecord& record : records) {
    v1::Secret& secret = *response.add_secrets();
    secret.set_name(record.name);
    *secret.mutable_set_at() = ToTimestamp(record.set_at);
    if (record.used_at.has_value()) *secret.mutable_used_at() = ToTimestamp(*record.used_at);
    secret.set_used_by(record.used_by);
    secret.set_unreadable(!CheckKey(record).ok());
  }
  return response;
}

absl::Status SecretVault::Delete(const std::string& user, const std::string& name) {
  KUR_RETURN_IF_ERROR(CheckName(name));
  return store_.Delete(user, name);
}

absl::Status SecretVault::Check(const std::string& user, const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const auto secret, store_.Find(user, name));
  if (secret.has_value()) return CheckKey(*secret);
  return absl::FailedPreconditionError(
      absl::StrCat("you have no secret '", name, "'; store it with ", HowToSet(name)));
}

absl::Status SecretVault::Decrypt(const std::string& user, v1::WorkerSecret* secret) {
  const std::string& name = secret->name();
  KUR_ASSIGN_OR_RETURN(const auto record, store_.Find(user, name));
  if (!record.has_value()) {
    return absl::NotFoundError(absl::StrCat("the secret '", name, "' was removed; store it with ",
                                            HowToSet(name), " and submit the job again"));
  }
  const absl::Status fits = CheckKey(*record);
  if (!fits.ok()) return absl::NotFoundError(fits.message());
  auto value = key()->Open(record->sealed, ContextOf(user, name));
  if (!value.ok()) return Annotate(value.status(), absl::StrCat("the secret '", name, "'"));
  const Wiper wiper(&*value);
  secret->set_value(*value);
  return absl::OkStatus();
}

absl::StatusOr<v1::WorkerSecrets> SecretVault::Reveal(
    const std::string& user, const google::protobuf::RepeatedPtrField<v1::SecretUse>& uses,
    const std::string& job) {
  v1::WorkerSecrets secrets;
  std::map<std::string, v1::WorkerSecret*> by_name;
  std::vector<std::string> names;
  for (const v1::SecretUse& use : uses) {
    v1::WorkerSecret*& secret = by_name[use.name()];
    if (secret == nullptr) {
      secret = secrets.add_secrets();
      secret->set_name(use.name());
      names.push_back(use.name());
    }
    if (use.url().empty()) {
      secret->set_is_url(true);
    } else {
      secret->add_login_urls(use.url());
    }
  }
  for (v1::WorkerSecret& secret : *secrets.mutable_secrets()) {
    absl::Status decrypted = Decrypt(user, &secret);
    if (decrypted.ok()) continue;
    WipeSecrets(&secrets);
    return decrypted;
  }
  const absl::Status marked = store_.MarkUsed(user, names, job, options_.now());
  // Nothing depends on it.
  if (!marked.ok()) spdlog::warn("job {}: {}", job, std::string(marked.message()));
  return secrets;
}

}  // namespace kur::server
