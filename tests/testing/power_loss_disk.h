#ifndef KUR_TESTS_TESTING_POWER_LOSS_DISK_H_
#define KUR_TESTS_TESTING_POWER_LOSS_DISK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/file_system.h"

namespace kur::testing {

// A directory of which a loss of power keeps what was synchronized and nothing else: contents of
// files after Sync(), names in a directory after SyncDirectory(). What is done to it has to go
// through files(), or through SQLite with sqlite_vfs(); whatever goes round them is lost as if it
// had never been. Rules of POSIX, which promises less than file systems give: that a file is
// synchronized says nothing of its name.
//
// Thread-safe but for LosePower(), before which everything that was opened must be closed.
class PowerLossDisk {
 public:
  // What is below `root` is taken for durable.
  explicit PowerLossDisk(std::string root);
  ~PowerLossDisk();

  FileSystem& files() { return *files_; }
  // The name of a file layer of SQLite, for SqlDatabase::Open().
  const std::string& sqlite_vfs() const { return vfs_name_; }

  // Makes the synchronization number `number`, from 0, do nothing and report success.
  void SkipSync(int number);
  // What was synchronized so far, in order, as "file runs/cifar-1/events" or "directory runs".
  std::vector<std::string> syncs() const;

  // Puts the directory into the state after a loss of power. With `random`, an arbitrary part of
  // what was not synchronized is there too: some changes of names, in their order, and some
  // sectors of contents.
  void LosePower(std::mt19937_64* random = nullptr);

  // For those who do things to the disk. Paths are those of the kernel.
  void OnCreated(const std::string& path, bool is_directory);
  void OnRenamed(const std::string& from, const std::string& to);
  void OnLinked(const std::string& from, const std::string& to);
  void OnRemoved(const std::string& path);
  // False: the synchronization is to be skipped.
  bool OnSyncFile(const std::string& path);
  bool OnSyncDirectory(const std::string& path);
  // The directory of that file was synchronized in the same call as the file.
  void OnSyncedWithFile(const std::string& path);
  void OnSyncAll();
  bool Knows(const std::string& path) const;

 private:
  using Id = int64_t;
  using Entries = std::map<std::string, Id>;

  struct Node {
    bool is_directory = false;
    std::string durable;      // the content of a file
    Entries durable_entries;  // of a directory
    Entries entries;
  };
  // One name that came, changed or went.
  struct Change {
    Id directory;
    std::string name;
    std::optional<Id> node;
  };
  // What happens to names in one step: to both of a rename together.
  using Step = std::vector<Change>;

  struct Place {
    Id directory;
    std::string name;
  };

  void Scan() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScanDirectory(Id id, const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Place> Find(const std::string& path) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  std::optional<Id> Lookup(const std::string& path) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void Apply(Step step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Counts a synchronization; false if it is the one to skip.
  bool CountSync(const char* what, const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeEntriesDurable(Id directory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::map<Id, std::string> LiveContents() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CollectContents(Id id, const std::string& path, std::map<Id, std::string>* contents)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void KeepSome(std::mt19937_64* random) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write(Id directory, const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string root_;
  std::string vfs_name_;
  std::unique_ptr<FileSystem> files_;

  mutable absl::Mutex mutex_;
  std::map<Id, Node> nodes_ ABSL_GUARDED_BY(mutex_);
  Id next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::vector<Step> pending_ ABSL_GUARDED_BY(mutex_);  // whose names are not durable
  std::vector<std::string> syncs_ ABSL_GUARDED_BY(mutex_);
  std::optional<int> skipped_ ABSL_GUARDED_BY(mutex_);
};

// Registers the file layer of SQLite whose files lie on `disk`, under `name`; and takes it out.
void RegisterSqliteVfs(PowerLossDisk* disk, const std::string& name);
void UnregisterSqliteVfs(const std::string& name);

}  // namespace kur::testing

#endif  // KUR_TESTS_TESTING_POWER_LOSS_DISK_H_
