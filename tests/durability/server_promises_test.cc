// What kurd has acknowledged survives a loss of power.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/blobs/blob_store.h"
#include "server/daemon/state_directory.h"
#include "server/jobs/job_journal.h"
#include "server/jobs/shared_files_migration.h"
#include "server/secrets/secret_vault.h"
#include "server/store/job_store.h"
#include "tests/durability/promise.h"

namespace kur::server {
namespace {

using testing::CheckPromise;
using testing::PowerLossDisk;
using testing::Promise;

NewJob SomeJob() {
  NewJob job;
  job.base_name = "cifar";
  job.owner = "ann";
  job.request_id = "1";
  job.submitted_at = absl::FromUnixSeconds(1'700'000'000);
  job.frozen.set_kurfile("cifar.yml");
  return job;
}

// A database and the store in it.
struct OpenedStore {
  std::unique_ptr<StateDatabase> database;
  std::unique_ptr<JobStore> store;
};

OpenedStore OpenStore(const PowerLossDisk& disk, const std::string& folder) {
  auto database = StateDatabase::Open(folder + "/kurd.db", disk.sqlite_vfs());
  EXPECT_TRUE(database.ok()) << database.status();
  auto store = std::make_unique<JobStore>(**database);
  return {*std::move(database), std::move(store)};
}

// The same, for a kurd that is there until the power goes: closing would write the log into the
// database. What comes after is nobody's to close.
JobStore& OpenStoreForEver(const PowerLossDisk& disk, const std::string& folder) {
  static auto* const open = new std::vector<OpenedStore>;
  return *open->emplace_back(OpenStore(disk, folder)).store;
}

JobRecord Submit(JobStore& store) {
  bool inserted = false;
  const auto record = store.Insert(SomeJob(), &inserted);
  EXPECT_TRUE(record.ok()) << record.status();
  return *record;
}

// What the database says of the job; "" if it says what `expected` returns true for.
std::string MissingInStore(PowerLossDisk& disk, const std::string& folder,
                           const std::function<bool(JobStore&, const JobRecord&)>& expected) {
  const auto database = StateDatabase::Open(folder + "/kurd.db", disk.sqlite_vfs());
  if (!database.ok()) return std::string(database.status().message());
  JobStore store(**database);
  const auto job = store.FindByName("cifar-1");
  if (!job.ok()) return std::string(job.status().message());
  if (!job->has_value()) return "the job is not there";
  return expected(store, **job) ? "" : "the job is as it was before";
}

TEST(ServerPromisesTest, AnAcceptedSubmissionIsThere) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) { OpenStore(disk, folder); };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    Submit(OpenStoreForEver(disk, folder));
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    return MissingInStore(disk, folder, [](JobStore&, const JobRecord&) { return true; });
  };
  promise.must_be_needed = Promise::TheLast;
  CheckPromise(promise);
}

// The database itself is new, and so are its name and that of its log.
TEST(ServerPromisesTest, TheFirstSubmissionOfAllIsThere) {
  Promise promise;
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    Submit(OpenStoreForEver(disk, folder));
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    return MissingInStore(disk, folder, [](JobStore&, const JobRecord&) { return true; });
  };
  promise.must_be_needed = Promise::TheLast;
  CheckPromise(promise);
}

TEST(ServerPromisesTest, AStateOfAJobIsThere) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
    Submit(*OpenStore(disk, folder).store);
  };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    JobStore& store = OpenStoreForEver(disk, folder);
    JobRecord job = **store.FindByName("cifar-1");
    job.state = v1::JOB_STATE_SUCCEEDED;
    EXPECT_TRUE(store.Update(job).ok());
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    return MissingInStore(disk, folder, [](JobStore&, const JobRecord& job) {
      return job.state == v1::JOB_STATE_SUCCEEDED;
    });
  };
  promise.must_be_needed = Promise::TheLast;
  CheckPromise(promise);
}

TEST(ServerPromisesTest, AnArtifactIsRecorded) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
    Submit(*OpenStore(disk, folder).store);
  };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    v1::Artifact artifact;
    artifact.set_path("last.kur");
    EXPECT_TRUE(OpenStoreForEver(disk, folder).PutArtifacts(1, {artifact}).ok());
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    return MissingInStore(disk, folder, [](JobStore& store, const JobRecord& job) {
      return store.Artifacts(job.id)->size() == 1;
    });
  };
  promise.must_be_needed = Promise::TheLast;
  CheckPromise(promise);
}

v1::Event LogLine(const std::string& text) {
  v1::Event event;
  event.mutable_log_line()->set_text(text);
  event.set_worker_sequence(1);
  return event;
}

void AppendEvent(PowerLossDisk& disk, const std::string& folder, const std::string& text) {
  EventDispatcher dispatcher;
  const auto journal =
      JobJournal::Open(disk.files(), folder + "/runs/cifar-1/events.log", dispatcher, JobRecord());
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_TRUE((*journal)->Append({LogLine(text)}).ok());
}

std::string MissingEvent(PowerLossDisk& disk, const std::string& folder, const std::string& text) {
  EventDispatcher dispatcher;
  std::string last = "no event";
  const auto log = EventLog::Open(disk.files(), folder + "/runs/cifar-1/events.log", dispatcher);
  if (!log.ok()) return std::string(log.status().message());
  EventCursor cursor;
  v1::Event event;
  while ((*log)->Read(&cursor, &event).value_or(false)) {
    if (event.has_log_line()) last = event.log_line().text();
  }
  return last == text ? "" : last;
}

TEST(ServerPromisesTest, TheFirstEventOfAJobIsThere) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
    ASSERT_TRUE(disk.files().MakeDirectories(folder + "/runs").ok());
  };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    AppendEvent(disk, folder, "first");
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    return MissingEvent(disk, folder, "first");
  };
  // Opening announces the state, in a synchronization of its own.
  promise.must_be_needed = Promise::TheLast;
  CheckPromise(promise);
}

TEST(ServerPromisesTest, AnAcknowledgedEventIsThere) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
    AppendEvent(disk, folder, "first");
  };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    AppendEvent(disk, folder, "second");
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    return MissingEvent(disk, folder, "second");
  };
  CheckPromise(promise);
}

const char kContent[] = "what a client has uploaded";

std::unique_ptr<BlobStore> OpenBlobs(PowerLossDisk& disk, const std::string& folder) {
  auto blobs = BlobStore::Open(disk.files(), folder + "/blobs");
  EXPECT_TRUE(blobs.ok()) << blobs.status();
  return *std::move(blobs);
}

void Upload(PowerLossDisk& disk, const std::string& folder, int64_t offset, size_t end,
            bool finish) {
  const auto blobs = OpenBlobs(disk, folder);
  const std::string content = kContent;
  const auto upload =
      blobs->BeginUpload("ann", Sha256Hex(content), static_cast<int64_t>(content.size()), offset);
  ASSERT_TRUE(upload.ok()) << upload.status();
  const auto begin = static_cast<size_t>(offset);
  ASSERT_TRUE((*upload)->Write(content.substr(begin, end - begin)).ok());
  const absl::Status finished = finish ? (*upload)->Finish() : absl::OkStatus();
  EXPECT_TRUE(finished.ok());
}

std::string MissingBlob(PowerLossDisk& disk, const std::string& folder) {
  const auto blobs = OpenBlobs(disk, folder);
  const std::string digest = Sha256Hex(kContent);
  if (!blobs->Use("ann", digest)) return "it is not there";
  return disk.files().Read(blobs->PathOf("ann", digest)).value_or("") == kContent ? ""
                                                                                  : "it is damaged";
}

TEST(ServerPromisesTest, AnUploadedContentIsThere) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
    ASSERT_TRUE(disk.files().MakeDirectories(folder + "/blobs/ann/partial").ok());
  };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    Upload(disk, folder, 0, sizeof(kContent) - 1, /*finish=*/true);
  };
  promise.missing = MissingBlob;
  CheckPromise(promise);
}

TEST(ServerPromisesTest, TheFirstContentOfAUserIsThere) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) { OpenBlobs(disk, folder); };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    Upload(disk, folder, 0, sizeof(kContent) - 1, /*finish=*/true);
  };
  promise.missing = MissingBlob;
  // It comes twice: for the parts, which are gone then, and for the contents.
  promise.must_be_needed = [](const std::vector<std::string>& syncs, size_t i) {
    return syncs[i] != "directory blobs/ann";
  };
  CheckPromise(promise);
}

TEST(ServerPromisesTest, AContentUploadedInPartsIsThere) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
    Upload(disk, folder, 0, 12, /*finish=*/false);
  };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    Upload(disk, folder, 8, sizeof(kContent) - 1, /*finish=*/true);
  };
  promise.missing = MissingBlob;
  CheckPromise(promise);
}

absl::Status Migrate(PowerLossDisk& disk, const std::string& folder, JobStore& store) {
  const StateLayout layout(folder);
  const auto blobs = OpenBlobs(disk, folder);
  JobEnvironment environment;
  environment.files = &disk.files();
  environment.layout = &layout;
  environment.store = &store;
  environment.blobs = blobs.get();
  return MigrateSharedFiles(environment);
}

TEST(ServerPromisesTest, AContentThatUsersSharedBecomesTheirs) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
    NewJob job = SomeJob();
    job.frozen.add_inputs()->set_sha256(Sha256Hex(kContent));
    bool inserted = false;
    ASSERT_TRUE(OpenStore(disk, folder).store->Insert(job, &inserted).ok());
    const std::string digest = Sha256Hex(kContent);
    const std::string shared = absl::StrCat(folder, "/blobs/sha256/", digest.substr(0, 2));
    ASSERT_TRUE(disk.files().MakeDirectories(shared).ok());
    ASSERT_TRUE(WriteFileAtomically(disk.files(), JoinPath(shared, digest), kContent).ok());
  };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    EXPECT_TRUE(Migrate(disk, folder, OpenStoreForEver(disk, folder)).ok());
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    const absl::Status completed = Migrate(disk, folder, *OpenStore(disk, folder).store);
    return completed.ok() ? MissingBlob(disk, folder) : std::string(completed.message());
  };
  // It makes up for those of the folders; without it a removal may be there before the links are.
  promise.must_be_needed = [](const std::vector<std::string>&, size_t) { return false; };
  CheckPromise(promise);
}

// kurd is killed between giving a content its name and synchronizing that. The next kurd finds it
// there and builds on it, so it must be durable by then.
TEST(ServerPromisesTest, WhatAKilledKurdHasLeftIsDurableForTheNext) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) { OpenBlobs(disk, folder); };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    ASSERT_TRUE(disk.files().MakeDirectory(folder + "/blobs/left-over").ok());
    const auto state = StateDirectory::Lock(folder, disk.files());
    EXPECT_TRUE(state.ok()) << state.status();
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    if (!disk.files().Exists(folder + "/blobs/left-over")) return "what was left is gone";
    return disk.files().Exists(folder + "/runs") ? "" : "the folder of runs is gone";
  };
  promise.must_be_needed = Promise::TheLast;
  CheckPromise(promise);
}

absl::StatusOr<std::unique_ptr<SecretVault>> OpenVault(PowerLossDisk& disk, SecretStore& store,
                                                       const std::string& folder,
                                                       bool has_lost_power) {
  SecretVault::Options options;
  options.key_path = folder + "/keys/secrets.key";
  options.files = &disk.files();
  // A disk that has lost its power gives files other modes.
  options.is_credential = has_lost_power;
  return SecretVault::Open(store, std::move(options));
}

// The first of all, so the key is new, too.
TEST(ServerPromisesTest, ASecretIsThereAndCanBeRead) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) { OpenStore(disk, folder); };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    static auto* const open = new std::vector<std::unique_ptr<SecretStore>>;
    auto database = StateDatabase::Open(folder + "/kurd.db", disk.sqlite_vfs());
    ASSERT_TRUE(database.ok()) << database.status();
    open->push_back(std::make_unique<SecretStore>(*database->release()));
    v1::SetSecretRequest request;
    request.set_name("TOKEN");
    request.set_value("hush, hush");
    const auto vault = OpenVault(disk, *open->back(), folder, false);
    ASSERT_TRUE(vault.ok()) << vault.status();
    EXPECT_TRUE((*vault)->Set("ann", request).ok());
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) {
    const auto database = StateDatabase::Open(folder + "/kurd.db", disk.sqlite_vfs());
    if (!database.ok()) return std::string(database.status().message());
    SecretStore store(**database);
    const auto vault = OpenVault(disk, store, folder, true);
    return vault.ok() ? std::string((*vault)->Check("ann", "TOKEN").message())
                      : std::string(vault.status().message());
  };
  // Those of SQLite overlap.
  promise.must_be_needed = [](const std::vector<std::string>& syncs, size_t i) {
    return Promise::TheLast(syncs, i) || absl::StrContains(syncs[i], "key");
  };
  CheckPromise(promise);
}

}  // namespace
}  // namespace kur::server
