#include "server/jobs/job_manager.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "server/jobs/blob_sweep.h"
#include "server/jobs/job_view.h"
#include "server/jobs/shared_files_migration.h"
#include "server/jobs/used_numbers.h"
#include "server/protocol/job_state.h"
#include "server/submission/submission.h"

namespace kur::server {
namespace {

constexpr TaskPool::Limits kLaunchLimits = {/*threads=*/4, /*running_per_user=*/3,
                                            /*queued=*/1024, /*queued_per_user=*/1024};
// How long submissions wait for the next round, in times that the last one took: so scheduling
// takes a fifth of a processor at most, however long the queue is.
constexpr double kRestAfterRound = 4;
// How often old uploads are removed.
constexpr absl::Duration kSweepEvery = absl::Hours(1);
constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
// How many of the jobs that a prefix fits are named.
constexpr int kNamedAtMost = 10;

int64_t BytesOf(const FrozenJob& job) { return static_cast<int64_t>(job.SpaceUsedLong()); }

JobIdentity IdentityOf(const JobRecord& record) { return {record.name, record.owner}; }

std::string NamesOf(const std::vector<JobRecord>& jobs) {
  return absl::StrJoin(jobs, ", ",
                       [](std::string* out, const JobRecord& job) { out->append(job.name); });
}

absl::Status Ambiguous(const std::string& prefix, std::vector<JobRecord> jobs) {
  const bool more = jobs.size() > kNamedAtMost;
  if (more) jobs.pop_back();
  return absl::InvalidArgumentError(
      absl::StrCat("'", prefix, "' fits several jobs: ", NamesOf(jobs), more ? " and more" : ""));
}

// A file that kurd itself may not open is no matter of the caller's rights.
absl::Status AsServerFault(absl::Status status) {
  if (!absl::IsPermissionDenied(status)) return status;
  return absl::InternalError(status.message());
}

template <class T>
absl::StatusOr<T> AsServerFault(absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return AsServerFault(result.status());
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobManager>> JobManager::Start(const JobEnvironment& environment) {
  std::unique_ptr<JobManager> manager(new JobManager(environment));
  KUR_RETURN_IF_ERROR(manager->Recover());
  manager->launch_pool_ = std::make_unique<TaskPool>(kLaunchLimits);
  environment.inventory->SetOnChange([raw = manager.get()] { raw->MarkChanged(); });
  manager->thread_ = std::thread([raw = manager.get()] { raw->Run(); });
  return manager;
}

JobManager::JobManager(const JobEnvironment& environment)
    : environment_(environment),
      ended_logs_(*environment.files, *environment.layout, *environment.dispatcher),
      job_bytes_(environment.job_bytes) {}

JobManager::~JobManager() { Stop(); }

void JobManager::Stop() {
  environment_.inventory->SetOnChange(nullptr);
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    work_arrived_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  launch_pool_.reset();
}

absl::Status JobManager::Recover() {
  KUR_RETURN_IF_ERROR(SkipUsedNumbers(environment_));
  KUR_RETURN_IF_ERROR(MigrateSharedFiles(environment_));
  const absl::Status marked = MarkNamedBlobs(environment_);
  if (!absl::IsDataLoss(marked)) KUR_RETURN_IF_ERROR(marked);
  KUR_ASSIGN_OR_RETURN(std::vector<JobRecord> records, environment_.store->Unfinished());
  for (JobRecord& record : records) {
    // Null if that is more than may be submitted now.
    UserQuota::Share share = job_bytes_.TryTake(record.owner, BytesOf(record.frozen));
    const auto job = std::make_shared<ActiveJob>(environment_, on_change_, std::move(record));
    const absl::Status recovered = Annotate(job->Recover(), absl::StrCat("job ", job->name()));
    // One damaged job must not keep the others from going on.
    if (!absl::IsDataLoss(recovered)) KUR_RETURN_IF_ERROR(recovered);
    if (!recovered.ok()) spdlog::error("{}", recovered.ToString());
    absl::MutexLock lock(&mutex_);
    active_[job->id()] = job;
    shares_[job->id()] = std::move(share);
  }
  if (!records.empty()) spdlog::info("{} unfinished jobs were found", records.size());
  return absl::OkStatus();
}

void JobManager::MarkChanged() {
  absl::MutexLock lock(&mutex_);
  NoteChange();
}

void JobManager::NoteChange() {
  changed_ = true;
  work_arrived_.NotifyAll();
}

void JobManager::Run() {
  absl::Duration wait = absl::InfiniteDuration();
  absl::Duration rest_until = absl::ZeroDuration();
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      work_arrived_.Await(&mutex_, absl::Condition(this, &JobManager::HasWork), wait);
      // A round looks at every job: those that are submitted meanwhile share the next one.
      work_arrived_.Await(&mutex_, absl::Condition(this, &JobManager::IsUrgent),
                          std::min(wait, rest_until - environment_.uptime()));
      if (stopping_) return;
      changed_ = false;
      submitted_ = false;
      ++rounds_begun_;
    }
    const absl::Duration begin = environment_.uptime();
    const absl::Duration next = RunRound();
    const absl::Duration end = environment_.uptime();
    wait = next - end;
    rest_until = end + kRestAfterRound * (end - begin);
    absl::MutexLock lock(&mutex_);
    rounds_done_ = rounds_begun_;
  }
}

absl::Duration JobManager::RunRound() {
  const auto jobs = ActiveJobs();
  // Before deciding, so that the devices of workers that have ended are free; after it, so that
  // what was decided is done at once.
  for (const auto& job : jobs) job->RunDueWork();
  absl::Duration next =
      Schedule(jobs) ? absl::InfiniteDuration() : environment_.uptime() + kRetryAfter;
  for (const auto& job : jobs) {
    next = std::min(next, job->RunDueWork());
    DoSlowWork(job);
  }
  ForgetSettled(jobs);
  return std::min(next, SweepIfDue());
}

absl::Duration JobManager::SweepIfDue() {
  const absl::Duration now = environment_.uptime();
  if (now < next_sweep_) return next_sweep_;
  const bool taken = launch_pool_->TryAdd("", [this] {
    const absl::Status swept = SweepBlobs(environment_);
    if (!swept.ok()) spdlog::error("old uploads stay: {}", swept.ToString());
  });
  next_sweep_ = now + (taken ? kSweepEvery : kRetryAfter);
  return next_sweep_;
}

void JobManager::DoSlowWork(const std::shared_ptr<ActiveJob>& job) {
  if (job->ClaimReading()) AddTask(job, &ActiveJob::ReadEvents);
  if (job->ClaimSpool()) AddTask(job, &ActiveJob::ReadSpool);
  if (job->ClaimLaunch()) AddTask(job, &ActiveJob::Launch);
}

void JobManager::AddTask(const std::shared_ptr<ActiveJob>& job, void (ActiveJob::*task)()) {
  {
    absl::MutexLock lock(&mutex_);
    ++tasks_;
  }
  const auto run = [this, job, task] {
    (job.get()->*task)();
    absl::MutexLock lock(&mutex_);
    --tasks_;
  };
  if (!launch_pool_->TryAdd(job->owner(), run)) run();
}

bool JobManager::Schedule(const std::vector<std::shared_ptr<ActiveJob>>& jobs) {
  SchedulingSnapshot snapshot;
  std::map<std::string, ActiveJob*> queued;
  for (const auto& job : jobs) {
    const v1::JobState state = job->state();
    if (WaitsForDevices(state)) {
      snapshot.queued.push_back(job->Schedulable());
      queued[job->name()] = job.get();
    } else if (HoldsDevices(state)) {
      snapshot.running.push_back({job->Schedulable(), job->devices()});
    }
  }
  environment_.inventory->SetHeld(HeldDevices(snapshot));
  if (queued.empty()) return true;
  snapshot.devices = environment_.inventory->devices();
  bool all_started = true;
  const SchedulingDecision decision = environment_.policy->Decide(snapshot);
  for (const auto& start : decision.starts) {
    const absl::Status started = queued.at(start.job)->Start(start.devices);
    if (started.ok() || absl::IsFailedPrecondition(started)) continue;
    all_started = false;
    spdlog::error("job {} cannot start: {}", start.job, started.ToString());
    queued.at(start.job)->SetWaitingReason(absl::StrCat("cannot start: ", started.message()));
  }
  for (const auto& [name, reason] : decision.waiting) queued.at(name)->SetWaitingReason(reason);
  return all_started;
}

void JobManager::ForgetSettled(const std::vector<std::shared_ptr<ActiveJob>>& jobs) {
  for (const auto& job : jobs) {
    if (!job->IsSettled()) continue;
    absl::MutexLock lock(&mutex_);
    active_.erase(job->id());
    shares_.erase(job->id());
    ++forgotten_;
    // What held the devices or wrote the same files is gone.
    NoteChange();
  }
}

void JobManager::WaitUntilIdle() {
  absl::MutexLock lock(&mutex_);
  NoteChange();
  mutex_.Await(absl::Condition(
      +[](JobManager* self) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return !self->HasWork() && self->rounds_done_ == self->rounds_begun_ && self->tasks_ == 0;
      },
      this));
}

absl::Status JobManager::CheckSize(const v1::SubmitJobRequest& request) {
  return CheckSubmissionSize(request);
}

absl::StatusOr<v1::Job> JobManager::Submit(const Caller& caller,
                                           const v1::SubmitJobRequest& request) {
  if (!request.validate_only()) {
    KUR_ASSIGN_OR_RETURN(const auto earlier,
                         environment_.store->FindByRequest(caller.user, request.request_id()));
    if (earlier.has_value()) return Describe(*earlier);
    KUR_RETURN_IF_ERROR(environment_.database->health());
  }
  const SubmissionContext context = {*environment_.evaluator,
                                     *environment_.layout,
                                     *environment_.blobs,
                                     *environment_.secrets,
                                     environment_.inventory->devices(),
                                     environment_.data,
                                     environment_.max_restarts};
  KUR_ASSIGN_OR_RETURN(const NewJob job, FreezeSubmission(context, caller.user, request));
  if (request.validate_only()) {
    JobRecord preview;
    preview.owner = job.owner;
    preview.project = job.project;
    preview.submitted_at = job.submitted_at;
    preview.frozen = job.frozen;
    return ToJob(preview);
  }
  UserQuota::Share share = job_bytes_.TryTake(job.owner, BytesOf(job.frozen));
  if (share == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the jobs of user '", job.owner,
                     "' that have not ended have as many inputs as kurd has room for; submit this "
                     "one when some have ended"));
  }
  bool inserted = false;
  KUR_ASSIGN_OR_RETURN(const JobRecord record, environment_.store->Insert(job, &inserted));
  if (inserted) {
    for (const v1::Input& input : record.frozen.inputs()) {
      environment_.blobs->MarkNamed(record.owner, input.sha256());
    }
    environment_.metrics->CountSubmission();
    spdlog::info("job {} of {} is queued", record.name, record.owner);
    KUR_RETURN_IF_ERROR(Active(record).status());
    absl::MutexLock lock(&mutex_);
    // It may have ended already.
    if (active_.count(record.id) > 0) shares_[record.id] = std::move(share);
  }
  return Describe(record);
}

absl::StatusOr<JobRecord> JobManager::Find(const Caller& caller, Action action,
                                           const std::string& name) {
  if (name.empty()) return absl::InvalidArgumentError("the name of a job is required");
  // What the caller may not see is not even read: that it is damaged would tell that it is there.
  KUR_ASSIGN_OR_RETURN(const auto owner, environment_.store->OwnerOf(name));
  std::optional<JobRecord> found;
  if (owner.has_value() && MaySee(caller, {name, *owner})) {
    KUR_ASSIGN_OR_RETURN(found, environment_.store->FindByName(name));
  }
  if (!found.has_value()) {
    KUR_ASSIGN_OR_RETURN(auto fitting,
                         environment_.store->FindByPrefix(caller.user, name, kNamedAtMost + 1));
    if (fitting.empty()) return NoSuchJob(name);
    if (fitting.size() > 1) return Ambiguous(name, std::move(fitting));
    found = std::move(fitting.front());
  }
  KUR_RETURN_IF_ERROR(CheckAccess(caller, action, IdentityOf(*found)));
  return *std::move(found);
}

absl::StatusOr<JobRecord> JobManager::ReadAgain(const JobRecord& record) {
  KUR_ASSIGN_OR_RETURN(auto found, environment_.store->FindByName(record.name));
  if (!found.has_value()) return NoSuchJob(record.name);
  return *std::move(found);
}

std::shared_ptr<ActiveJob> JobManager::FindActive(int64_t id) const {
  absl::MutexLock lock(&mutex_);
  const auto job = active_.find(id);
  return job == active_.end() ? nullptr : job->second;
}

absl::StatusOr<std::shared_ptr<ActiveJob>> JobManager::Active(const JobRecord& record) {
  if (IsFinal(record.state)) return std::shared_ptr<ActiveJob>();
  while (true) {
    int64_t forgotten = 0;
    {
      absl::MutexLock lock(&mutex_);
      const auto known = active_.find(record.id);
      if (known != active_.end()) return known->second;
      forgotten = forgotten_;
    }
    // It has ended since the record was read, or it has just been submitted.
    KUR_ASSIGN_OR_RETURN(auto fresh, environment_.store->FindByName(record.name));
    if (!fresh.has_value() || IsFinal(fresh->state)) return std::shared_ptr<ActiveJob>();
    const auto job = std::make_shared<ActiveJob>(environment_, on_change_, *std::move(fresh));
    absl::MutexLock lock(&mutex_);
    // A job that has come and gone meanwhile must not come back.
    if (forgotten != forgotten_) continue;
    const auto added = active_.emplace(record.id, job);
    submitted_ = true;
    work_arrived_.NotifyAll();
    return added.first->second;
  }
}

std::vector<std::shared_ptr<ActiveJob>> JobManager::ActiveJobs() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<ActiveJob>> jobs;
  jobs.reserve(active_.size());
  for (const auto& entry : active_) jobs.push_back(entry.second);
  return jobs;
}

v1::Job JobManager::Describe(const JobRecord& record) const {
  const auto active = FindActive(record.id);
  return active != nullptr ? active->Describe() : ToJob(record);
}

absl::StatusOr<v1::Job> JobManager::Get(const Caller& caller, const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const JobRecord record, Find(caller, Action::kViewJob, name));
  return Describe(record);
}

absl::StatusOr<v1::ListJobsResponse> JobManager::List(const Caller& caller,
                                                      const v1::ListJobsRequest& request) {
  JobFilter filter;
  filter.owner = caller.user;
  filter.project = request.project();
  // Each once, however often it is named.
  const std::set<int> states(request.states().begin(), request.states().end());
  for (const v1::JobState state : kAllStates) {
    if (states.count(state) > 0) filter.states.push_back(state);
  }
  if (filter.states.empty() && !states.empty()) return v1::ListJobsResponse();
  if (request.page_size() < 0) return absl::InvalidArgumentError("page_size is negative");
  const int page = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  const int size = std::min(page, kMaxPageSize);
  const bool valid_token =
      request.page_token().empty() ||
      (absl::SimpleAtoi(request.page_token(), &filter.before_id) && filter.before_id > 0);
  if (!valid_token) return absl::InvalidArgumentError("page_token is not one of this server");
  filter.limit = size + 1;
  KUR_ASSIGN_OR_RETURN(auto records, environment_.store->List(filter));

  v1::ListJobsResponse response;
  if (static_cast<int>(records.size()) > size) {
    records.pop_back();
    response.set_next_page_token(absl::StrCat(records.back().id));
  }
  for (const JobRecord& record : records) {
    v1::Job& job = *response.add_jobs();
    job = Describe(record);
    // By far the largest part: a page of such jobs would be no message.
    job.clear_inputs();
  }
  return response;
}

absl::StatusOr<v1::Job> JobManager::Cancel(const Caller& caller, const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const JobRecord record, Find(caller, Action::kControlJob, name));
  KUR_ASSIGN_OR_RETURN(const auto active, Active(record));
  if (active == nullptr) {
    KUR_ASSIGN_OR_RETURN(const JobRecord ended, ReadAgain(record));
    return absl::FailedPreconditionError(
        absl::StrCat("job ", ended.name, " has ended: it is ", StateName(ended.state)));
  }
  KUR_RETURN_IF_ERROR(AsServerFault(active->Cancel()));
  return active->Describe();
}

absl::Status JobManager::RequestCheckpoint(const Caller& caller, const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const JobRecord record, Find(caller, Action::kControlJob, name));
  KUR_ASSIGN_OR_RETURN(const auto active, Active(record));
  if (active != nullptr) return AsServerFault(active->RequestCheckpoint());
  return absl::FailedPreconditionError(absl::StrCat("job ", record.name, " has ended"));
}

absl::StatusOr<std::shared_ptr<EventLog>> JobManager::Events(const Caller& caller,
                                                             const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const JobRecord record, Find(caller, Action::kViewJob, name));
  KUR_ASSIGN_OR_RETURN(const auto active, Active(record));
  if (active != nullptr) return AsServerFault(active->Log());
  KUR_ASSIGN_OR_RETURN(const JobRecord ended, ReadAgain(record));
  auto log = ended_logs_.Open(ended);
  // Opening announces an end that a crash has kept from being announced; see RefuseIfUnsafe().
  if (absl::IsUnavailable(log.status())) environment_.database->Refuse(log.status());
  return AsServerFault(std::move(log));
}

absl::StatusOr<v1::FrozenKurfile> JobManager::Kurfile(const Caller& caller,
                                                      const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const JobRecord record, Find(caller, Action::kReadJob, name));
  KUR_ASSIGN_OR_RETURN(const auto sources, environment_.store->Sources(record.id));
  v1::FrozenKurfile kurfile;
  for (const v1::SourceFile& source : sources) *kurfile.add_sources() = source;
  kurfile.set_kurfile(record.frozen.kurfile());
  *kurfile.mutable_overrides() = record.frozen.overrides();
  return kurfile;
}

absl::StatusOr<std::vector<v1::Artifact>> JobManager::Artifacts(const Caller& caller,
                                                                const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const JobRecord record, Find(caller, Action::kReadJob, name));
  return environment_.store->Artifacts(record.id);
}

absl::StatusOr<OpenedArtifact> JobManager::OpenArtifact(const Caller& caller,
                                                        const std::string& name,
                                                        const std::string& path,
                                                        const std::string& sha256) {
  KUR_ASSIGN_OR_RETURN(const JobRecord record, Find(caller, Action::kReadJob, name));
  KUR_ASSIGN_OR_RETURN(const auto found, environment_.store->FindArtifact(record.id, path));
  if (!found.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("job ", record.name, " has written no '", path.substr(0, 200), "'"));
  }
  const std::string file = JoinPath(environment_.layout->Artifacts(record.name), found->path());
  auto content = AsServerFault(environment_.files->OpenForReading(file));
  if (!content.ok()) {
    return absl::Status(content.status().code(),
                        absl::StrReplaceAll(content.status().message(), {{file, path}}));
  }
  OpenedArtifact opened;
  opened.file = *std::move(content);
  // Only now, so that the digest is not older than the content.
  KUR_ASSIGN_OR_RETURN(const auto artifact, environment_.store->FindArtifact(record.id, path));
  opened.artifact = artifact.value_or(*found);
  if (!sha256.empty() && sha256 != opened.artifact.sha256()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has been written anew since the download began; begin again"));
  }
  return opened;
}

absl::StatusOr<std::shared_ptr<ActiveJob>> JobManager::JobOfWorker(const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const auto record, environment_.store->FindByName(name));
  if (!record.has_value()) return NoSuchJob(name);
  KUR_ASSIGN_OR_RETURN(const auto active, Active(*record));
  if (active == nullptr) return NoSuchJob(name);
  return active;
}

std::map<std::string, JobIdentity> JobManager::DeviceHolders() const {
  std::map<std::string, JobIdentity> holders;
  for (const auto& job : ActiveJobs()) {
    if (!HoldsDevices(job->state())) continue;
    for (const std::string& device : job->devices()) holders[device] = {job->name(), job->owner()};
  }
  return holders;
}

}  // namespace kur::server
