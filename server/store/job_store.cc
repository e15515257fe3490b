#include "server/store/job_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "engine/base/status.h"
#include "server/protocol/job_state.h"
#include "spdlog/spdlog.h"

namespace kur::server {
namespace {

constexpr absl::string_view kColumns =
    "id, name, owner, project, request_id, state, reason, submitted_at, started_at, finished_at, "
    "attempts, desired_state, devices, worker, commands, progress, frozen, "
    "history";

std::optional<absl::Time> OptionalTime(const SqlStatement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return absl::FromUnixMicros(row.Int(column));
}

void BindOptionalTime(SqlStatement& statement, const std::optional<absl::Time>& time) {
  if (time.has_value()) {
    statement.Bind(absl::ToUnixMicros(*time));
  } else {
    statement.BindNull();
  }
}

absl::StatusOr<JobRecord> ReadJob(const SqlStatement& row) {
  JobRecord job;
  job.id = row.Int(0);
  job.name = row.Text(1);
  job.owner = row.Text(2);
  job.project = row.Text(3);
  job.request_id = row.Text(4);
  job.state = static_cast<v1::JobState>(row.Int(5));
  job.reason = row.Text(6);
  job.submitted_at = absl::FromUnixMicros(row.Int(7));
  job.started_at = OptionalTime(row, 8);
  job.finished_at = OptionalTime(row, 9);
  job.attempts = static_cast<int>(row.Int(10));
  job.desired_state = static_cast<DesiredState>(row.Int(11));
  job.devices = absl::StrSplit(row.Text(12), ',', absl::SkipEmpty());
  job.worker = row.Text(13);
  if (!row.IsNull(15)) job.progress.emplace();
  const bool parsed = job.commands.ParseFromString(row.Blob(14)) &&
                      job.frozen.ParseFromString(row.Blob(16)) &&
                      job.history.ParseFromString(row.Blob(17)) &&
                      (!job.progress.has_value() || job.progress->ParseFromString(row.Blob(15)));
  if (!parsed)
    return absl::DataLossError(absl::StrCat("the database has a damaged job ", job.name));
  return job;
}

v1::Artifact ReadArtifact(const SqlStatement& row) {
  v1::Artifact artifact;
  artifact.set_path(row.Text(0));
  artifact.set_kind(static_cast<v1::Artifact::Kind>(row.Int(1)));
  artifact.set_size(row.Int(2));
  artifact.set_sha256(row.Text(3));
  const int64_t micros = row.Int(4);
  artifact.mutable_written_at()->set_seconds(micros / 1'000'000);
  artifact.mutable_written_at()->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  artifact.set_description(row.Text(5));
  artifact.set_epoch(row.Int(6));
  artifact.set_batch(row.Int(7));
  return artifact;
}

// Returns the rows of "SELECT <columns> FROM jobs " + `where`, with text parameters, then integer
// ones. DATA_LOSS for a damaged row, unless these are to be left out.
absl::StatusOr<std::vector<JobRecord>> Select(SqlDatabase& database, absl::string_view where,
                                              const std::vector<std::string>& texts,
                                              const std::vector<int64_t>& numbers,
                                              bool skip_damaged = false) {
  KUR_ASSIGN_OR_RETURN(SqlStatement query,
                       database.Prepare(absl::StrCat("SELECT ", kColumns, " FROM jobs ", where)));
  for (const std::string& text : texts) query.Bind(text);
  for (const int64_t number : numbers) query.Bind(number);
  std::vector<JobRecord> jobs;
  while (true) {
    KUR_ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return jobs;
    auto job = ReadJob(query);
    // One damaged row must not hide the others, nor keep kurd from starting.
    if (!job.ok() && skip_damaged) {
      spdlog::error("{}; it is left out", std::string(job.status().message()));
      continue;
    }
    KUR_RETURN_IF_ERROR(job.status());
    jobs.push_back(*std::move(job));
  }
}

absl::StatusOr<std::optional<JobRecord>> FirstOf(absl::StatusOr<std::vector<JobRecord>> jobs) {
  KUR_RETURN_IF_ERROR(jobs.status());
  if (jobs->empty()) return std::optional<JobRecord>();
  return std::optional<JobRecord>(std::move(jobs->front()));
}

// The least text that is greater than every text that begins with `prefix`. Names are ASCII.
std::string PrefixEnd(std::string prefix) {
  ++prefix.back();
  return prefix;
}

// "1,2": numbers of states, for IN (...).
std::string Numbers(const std::vector<v1::JobState>& states) { return absl::StrJoin(states, ","); }

// Returns the highest id that a job was given, and so the highest number that a name ends with.
absl::StatusOr<int64_t> LastId(SqlDatabase& database) {
  KUR_ASSIGN_OR_RETURN(SqlStatement last,
                       database.Prepare("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'"));
  KUR_ASSIGN_OR_RETURN(const bool any, last.Step());
  return any ? last.Int(0) : 0;
}

absl::StatusOr<JobRecord> InsertJob(SqlDatabase& database, const NewJob& job) {
  JobRecord record;
  KUR_ASSIGN_OR_RETURN(const int64_t last, LastId(database));
  record.id = last + 1;
  // The number is that of all jobs: one for each base name would tell what others call their jobs.
  record.name = absl::StrCat(job.base_name, "-", record.id);
  record.owner = job.owner;
  record.project = job.project;
  record.request_id = job.request_id;
  record.submitted_at = absl::FromUnixMicros(absl::ToUnixMicros(job.submitted_at));
  record.frozen = job.frozen;
  KUR_ASSIGN_OR_RETURN(
      SqlStatement insert,
      database.Prepare("INSERT INTO jobs (id, name, owner, project, request_id, state, "
                       "submitted_at, frozen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.Bind(record.id).Bind(record.name).Bind(job.owner).Bind(job.project).Bind(job.request_id);
  insert.Bind(record.state).Bind(absl::ToUnixMicros(record.submitted_at));
  KUR_RETURN_IF_ERROR(insert.BindBlob(job.frozen.SerializeAsString()).Run());
  for (const v1::SourceFile& source : job.sources) {
    KUR_ASSIGN_OR_RETURN(
        SqlStatement add,
        database.Prepare("INSERT INTO sources (job_id, path, content) VALUES (?, ?, ?)"));
    KUR_RETURN_IF_ERROR(add.Bind(record.id).Bind(source.path()).BindBlob(source.content()).Run());
  }
  return record;
}

}  // namespace

absl::StatusOr<JobRecord> JobStore::Insert(const NewJob& job, bool* inserted) {
  JobRecord record;
  KUR_RETURN_IF_ERROR(database_.Write([&](SqlDatabase& database) -> absl::Status {
    KUR_ASSIGN_OR_RETURN(auto earlier,
                         FirstOf(Select(database, "WHERE owner = ? AND request_id = ?",
                                        {job.owner, job.request_id}, {})));
    *inserted = !earlier.has_value();
    if (*inserted) {
      KUR_ASSIGN_OR_RETURN(record, InsertJob(database, job));
    } else {
      record = *std::move(earlier);
    }
    return absl::OkStatus();
  }));
  return record;
}

absl::StatusOr<int64_t> JobStore::LastNumber() {
  return database_.Read([](SqlDatabase& database) { return LastId(database); });
}

absl::Status JobStore::SkipNumbers(int64_t number) {
  return database_.Write([number](SqlDatabase& database) -> absl::Status {
    KUR_ASSIGN_OR_RETURN(const int64_t last, LastId(database));
    if (last >= number) return absl::OkStatus();
    KUR_ASSIGN_OR_RETURN(SqlStatement forget,
                         database.Prepare("DELETE FROM sqlite_sequence WHERE name = 'jobs'"));
    KUR_RETURN_IF_ERROR(forget.Run());
    KUR_ASSIGN_OR_RETURN(
        SqlStatement skip,
        database.Prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('jobs', ?)"));
    return skip.Bind(number).Run();
  });
}

absl::Status JobStore::Update(const JobRecord& job) {
  const auto update_job = [&job](SqlDatabase& database) -> absl::Status {
    KUR_ASSIGN_OR_RETURN(
        SqlStatement update,
        database.Prepare(absl::StrCat(
            "UPDATE jobs SET state = ?, reason = ?, started_at = ?, finished_at = ?, attempts = ?, "
            "desired_state = ?, devices = ?, worker = ?, commands = ?, history = ?, progress = ? "
            "WHERE id = ? AND state NOT IN (",
            Numbers(StatesWhere(IsFinal)), ")")));
    update.Bind(job.state).Bind(job.reason);
    BindOptionalTime(update, job.started_at);
    BindOptionalTime(update, job.finished_at);
    update.Bind(job.attempts).Bind(job.desired_state).Bind(absl::StrJoin(job.devices, ","));
    update.Bind(job.worker).BindBlob(job.commands.SerializeAsString());
    update.BindBlob(job.history.SerializeAsString());
    if (job.progress.has_value()) {
      update.BindBlob(job.progress->SerializeAsString());
    } else {
      update.BindNull();
    }
    KUR_RETURN_IF_ERROR(update.Bind(job.id).Run());
    if (database.changes() == 1) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat("job ", job.name, " has ended"));
  };
  const bool ends = IsFinal(job.state) || job.desired_state == DESIRED_STATE_END;
  return ends ? database_.WriteFromReserve(update_job) : database_.Write(update_job);
}

absl::StatusOr<std::optional<JobRecord>> JobStore::FindByRequest(const std::string& owner,
                                                                 const std::string& request_id) {
  return database_.Read([&](SqlDatabase& database) {
    return FirstOf(Select(database, "WHERE owner = ? AND request_id = ?", {owner, request_id}, {}));
  });
}

absl::StatusOr<std::optional<std::string>> JobStore::OwnerOf(const std::string& name) {
  using Owner = std::optional<std::string>;
  return database_.Read([&](SqlDatabase& database) -> absl::StatusOr<Owner> {
    KUR_ASSIGN_OR_RETURN(SqlStatement query,
                         database.Prepare("SELECT owner FROM jobs WHERE name = ?"));
    query.Bind(name);
    KUR_ASSIGN_OR_RETURN(const bool found, query.Step());
    return found ? Owner(query.Text(0)) : Owner();
  });
}

absl::StatusOr<std::optional<JobRecord>> JobStore::FindByName(const std::string& name) {
  return database_.Read([&](SqlDatabase& database) {
    return FirstOf(Select(database, "WHERE name = ?", {name}, {}));
  });
}

absl::StatusOr<std::vector<JobRecord>> JobStore::FindByPrefix(const std::string& owner,
                                                              const std::string& prefix,
                                                              int limit) {
  if (prefix.empty()) return absl::InvalidArgumentError("an empty prefix names no job");
  return database_.Read([&](SqlDatabase& database) {
    return Select(database, "WHERE owner = ? AND name >= ? AND name < ? ORDER BY name LIMIT ?",
                  {owner, prefix, PrefixEnd(prefix)}, {limit});
  });
}

absl::StatusOr<std::vector<JobRecord>> JobStore::List(const JobFilter& filter) {
  std::string where = "WHERE owner = ?";
  std::vector<std::string> texts = {filter.owner};
  std::vector<int64_t> numbers;
  if (!filter.project.empty()) {
    where += " AND project = ?";
    texts.push_back(filter.project);
  }
  if (filter.before_id > 0) {
    where += " AND id < ?";
    numbers.push_back(filter.before_id);
  }
  if (!filter.states.empty())
    absl::StrAppend(&where, " AND state IN (", Numbers(filter.states), ")");
  numbers.push_back(filter.limit);
  return database_.Read([&](SqlDatabase& database) {
    return Select(database, absl::StrCat(where, " ORDER BY id DESC LIMIT ?"), texts, numbers,
                  /*skip_damaged=*/true);
  });
}

absl::StatusOr<std::vector<JobRecord>> JobStore::Unfinished() {
  const std::string final_states = Numbers(StatesWhere(IsFinal));
  return database_.Read([&](SqlDatabase& database) {
    return Select(database, absl::StrCat("WHERE state NOT IN (", final_states, ") ORDER BY id"), {},
                  {},
                  /*skip_damaged=*/true);
  });
}

absl::Status JobStore::ForEach(absl::FunctionRef<void(const JobRecord&)> visit) {
  return database_.Read([visit](SqlDatabase& database) -> absl::Status {
    KUR_ASSIGN_OR_RETURN(SqlStatement query, database.Prepare(absl::StrCat(
                                                 "SELECT ", kColumns, " FROM jobs ORDER BY id")));
    absl::Status damage;
    while (true) {
      KUR_ASSIGN_OR_RETURN(const bool row, query.Step());
      if (!row) return damage;
      const auto job = ReadJob(query);
      damage.Update(job.status());
      if (job.ok()) visit(*job);
    }
  });
}

absl::StatusOr<std::map<v1::JobState, int64_t>> JobStore::CountByState() {
  using Counts = std::map<v1::JobState, int64_t>;
  return database_.Read([](SqlDatabase& database) -> absl::StatusOr<Counts> {
    KUR_ASSIGN_OR_RETURN(SqlStatement query,
                         database.Prepare("SELECT state, COUNT(*) FROM jobs GROUP BY state"));
    Counts counts;
    while (true) {
      KUR_ASSIGN_OR_RETURN(const bool row, query.Step());
      if (!row) return counts;
      counts[static_cast<v1::JobState>(query.Int(0))] = query.Int(1);
    }
  });
}

absl::StatusOr<std::vector<v1::SourceFile>> JobStore::Sources(int64_t job_id) {
  using Sources = std::vector<v1::SourceFile>;
  return database_.Read([&](SqlDatabase& database) -> absl::StatusOr<Sources> {
    KUR_ASSIGN_OR_RETURN(SqlStatement query,
                         database.Prepare("SELECT path, content FROM sources WHERE job_id = ?"));
    query.Bind(job_id);
    Sources sources;
    while (true) {
      KUR_ASSIGN_OR_RETURN(const bool row, query.Step());
      if (!row) return sources;
      v1::SourceFile& source = sources.emplace_back();
      source.set_path(query.Text(0));
      source.set_content(query.Blob(1));
    }
  });
}

absl::Status JobStore::PutArtifacts(int64_t job_id, const std::vector<v1::Artifact>& artifacts) {
  return database_.Write([&](SqlDatabase& database) -> absl::Status {
    for (const v1::Artifact& artifact : artifacts) {
      KUR_ASSIGN_OR_RETURN(
          SqlStatement put,
          database.Prepare("INSERT OR REPLACE INTO artifacts (job_id, path, kind, size, sha256, "
                           "written_at, description, epoch, batch) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
      put.Bind(job_id).Bind(artifact.path()).Bind(artifact.kind()).Bind(artifact.size());
      put.Bind(artifact.sha256());
      put.Bind(artifact.written_at().seconds() * 1'000'000 + artifact.written_at().nanos() / 1000);
      put.Bind(artifact.description()).Bind(artifact.epoch()).Bind(artifact.batch());
      KUR_RETURN_IF_ERROR(put.Run());
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<v1::Artifact>> JobStore::Artifacts(int64_t job_id) {
  using Artifacts = std::vector<v1::Artifact>;
  return database_.Read([&](SqlDatabase& database) -> absl::StatusOr<Artifacts> {
    KUR_ASSIGN_OR_RETURN(
        SqlStatement query,
        database.Prepare("SELECT path, kind, size, sha256, written_at, description, epoch, batch "
                         "FROM artifacts WHERE job_id = ? ORDER BY path"));
    query.Bind(job_id);
    Artifacts artifacts;
    while (true) {
      KUR_ASSIGN_OR_RETURN(const bool row, query.Step());
      if (!row) return artifacts;
      artifacts.push_back(ReadArtifact(query));
    }
  });
}

absl::StatusOr<std::optional<v1::Artifact>> JobStore::FindArtifact(int64_t job_id,
                                                                   const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const std::vector<v1::Artifact> artifacts, Artifacts(job_id));
  for (const v1::Artifact& artifact : artifacts) {
    if (artifact.path() == path) return std::optional<v1::Artifact>(artifact);
  }
  return std::optional<v1::Artifact>();
}

}  // namespace kur::server
