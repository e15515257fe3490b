#ifndef KUR_SERVER_STORE_SECRET_STORE_H_
#define KUR_SERVER_STORE_SECRET_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/state_database.h"

namespace kur::server {

// A secret as the store keeps it: encrypted.
struct SecretRecord {
  std::string owner;
  std::string name;
  std::string sealed;
  std::string key_id;  // of the key that it is encrypted with
  absl::Time set_at;
  // The latest job that was started with it since then.
  std::optional<absl::Time> used_at = {};
  std::string used_by = {};
};

// The users' secrets, of which it knows only the encrypted form. What a call has written when it
// returns OK survives a loss of power; errors of writing are those of StateDatabase. Thread-safe.
class SecretStore {
 public:
  // `database` must outlive the store.
  explicit SecretStore(StateDatabase& database) : database_(database) {}

  // Stores the secret, in place of one of that owner and name. RESOURCE_EXHAUSTED if it is another
  // one and the owner has `most`.
  absl::Status Put(const SecretRecord& secret, int most);

  // Forgets a secret; NOT_FOUND if there is none.
  absl::Status Delete(const std::string& owner, const std::string& name);

  absl::StatusOr<std::optional<SecretRecord>> Find(const std::string& owner,
                                                   const std::string& name);
  // Returns the owner's secrets by name.
  absl::StatusOr<std::vector<SecretRecord>> List(const std::string& owner);
  // Returns whether anybody has one.
  absl::StatusOr<bool> HasAny();

  // Notes that `job` is started with these secrets of the owner.
  absl::Status MarkUsed(const std::string& owner, const std::vector<std::string>& names,
                        const std::string& job, absl::Time now);

 private:
  StateDatabase& database_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_STORE_SECRET_STORE_H_
