#include "server/store/secret_store.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr absl::string_view kSelect =
    "SELECT owner, name, sealed, key_id, set_at, used_at, used_by FROM secrets ";

SecretRecord ReadSecret(const SqlStatement& row) {
  SecretRecord secret;
  secret.owner = row.Text(0);
  secret.name = row.Text(1);
  secret.sealed = row.Blob(2);
  secret.key_id = row.Text(3);
  secret.set_at = absl::FromUnixMicros(row.Int(4));
  if (!row.IsNull(5)) secret.used_at = absl::FromUnixMicros(row.Int(5));
  secret.used_by = row.Text(6);
  return secret;
}

absl::StatusOr<std::vector<SecretRecord>> ReadAll(SqlStatement& query) {
  std::vector<SecretRecord> secrets;
  while (true) {
    KUR_ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return secrets;
    secrets.push_back(ReadSecret(query));
  }
}

absl::StatusOr<int64_t> CountOthers(SqlDatabase& database, const SecretRecord& secret) {
  KUR_ASSIGN_OR_RETURN(
      SqlStatement count,
      database.Prepare("SELECT COUNT(*) FROM secrets WHERE owner = ? AND name != ?"));
  KUR_ASSIGN_OR_RETURN(const bool row, count.Bind(secret.owner).Bind(secret.name).Step());
  return row ? count.Int(0) : 0;
}

}  // namespace

absl::Status SecretStore::Put(const SecretRecord& secret, int most) {
  bool has_room = false;
  KUR_RETURN_IF_ERROR(database_.Write([&](SqlDatabase& database) -> absl::Status {
    KUR_ASSIGN_OR_RETURN(const int64_t others, CountOthers(database, secret));
    has_room = others < most;
    if (!has_room) return absl::OkStatus();
    KUR_ASSIGN_OR_RETURN(SqlStatement put, database.Prepare("INSERT OR REPLACE INTO secrets "
                                                            "(owner, name, sealed, key_id, set_at) "
                                                            "VALUES (?, ?, ?, ?, ?)"));
    put.Bind(secret.owner).Bind(secret.name).BindBlob(secret.sealed).Bind(secret.key_id);
    return put.Bind(absl::ToUnixMicros(secret.set_at)).Run();
  }));
  if (has_room) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("you have ", most,
                   " secrets, the most that you may have; remove one with "
                   "`kurctl secret rm NAME`"));
}

absl::Status SecretStore::Delete(const std::string& owner, const std::string& name) {
  return database_.Write([&](SqlDatabase& database) -> absl::Status {
    KUR_ASSIGN_OR_RETURN(SqlStatement remove,
                         database.Prepare("DELETE FROM secrets WHERE owner = ? AND name = ?"));
    KUR_RETURN_IF_ERROR(remove.Bind(owner).Bind(name).Run());
    if (database.changes() == 1) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat("there is no secret '", name, "'"));
  });
}

absl::StatusOr<std::optional<SecretRecord>> SecretStore::Find(const std::string& owner,
                                                              const std::string& name) {
  using Found = std::optional<SecretRecord>;
  return database_.Read([&](SqlDatabase& database) -> absl::StatusOr<Found> {
    KUR_ASSIGN_OR_RETURN(SqlStatement query,
                         database.Prepare(absl::StrCat(kSelect, "WHERE owner = ? AND name = ?")));
    query.Bind(owner).Bind(name);
    KUR_ASSIGN_OR_RETURN(auto found, ReadAll(query));
    return found.empty() ? Found() : Found(std::move(found.front()));
  });
}

absl::StatusOr<std::vector<SecretRecord>> SecretStore::List(const std::string& owner) {
  return database_.Read([&](SqlDatabase& database) -> absl::StatusOr<std::vector<SecretRecord>> {
    KUR_ASSIGN_OR_RETURN(SqlStatement query,
                         database.Prepare(absl::StrCat(kSelect, "WHERE owner = ? ORDER BY name")));
    query.Bind(owner);
    return ReadAll(query);
  });
}

absl::StatusOr<bool> SecretStore::HasAny() {
  return database_.Read([](SqlDatabase& database) -> absl::StatusOr<bool> {
    KUR_ASSIGN_OR_RETURN(SqlStatement query, database.Prepare("SELECT 1 FROM secrets LIMIT 1"));
    return query.Step();
  });
}

absl::Status SecretStore::MarkUsed(const std::string& owner, const std::vector<std::string>& names,
                                   const std::string& job, absl::Time now) {
  return database_.Write([&](SqlDatabase& database) -> absl::Status {
    for (const std::string& name : names) {
      KUR_ASSIGN_OR_RETURN(SqlStatement mark,
                           database.Prepare("UPDATE secrets SET used_at = ?, used_by = ? "
                                            "WHERE owner = ? AND name = ?"));
      mark.Bind(absl::ToUnixMicros(now)).Bind(job).Bind(owner).Bind(name);
      KUR_RETURN_IF_ERROR(mark.Run());
    }
    return absl::OkStatus();
  });
}

}  // namespace kur::server
