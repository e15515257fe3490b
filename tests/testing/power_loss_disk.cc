#include "tests/testing/power_loss_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/testing/forwarding_file_system.h"

namespace kur::testing {
namespace {

constexpr int64_t kRoot = 0;
constexpr size_t kSector = 512;

std::string ReadAll(const std::string& path) {
  auto content = FileSystem::Posix().Read(path);
  return content.ok() ? *std::move(content) : "";
}

// Each sector is that of one content or of the other.
std::string MixSectors(const std::string& before, const std::string& after,
                       std::mt19937_64* random) {
  std::string mixed = (*random)() % 2 == 0 ? before : after;
  for (size_t at = 0; at < mixed.size(); at += kSector) {
    const std::string& from = (*random)() % 2 == 0 ? before : after;
    for (size_t i = at; i < std::min({at + kSector, mixed.size(), from.size()}); ++i) {
      mixed[i] = from[i];
    }
  }
  return mixed;
}

class NotedFile : public ForwardingFile {
 public:
  NotedFile(PowerLossDisk* disk, std::string path, std::unique_ptr<WritableFile> file)
      : ForwardingFile(std::move(file)), disk_(disk), path_(std::move(path)) {}

  absl::Status Sync() override {
    const absl::Status synced = ForwardingFile::Sync();
    if (synced.ok()) disk_->OnSyncFile(path_);
    return synced;
  }

 private:
  PowerLossDisk* disk_;
  const std::string path_;
};

// The machine's file system; tells the disk what happens.
class NotedFileSystem : public ForwardingFileSystem {
 public:
  explicit NotedFileSystem(PowerLossDisk* disk) : disk_(disk) {}

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                              bool truncate, int mode) override {
    auto file = Posix().OpenForAppend(path, truncate, mode);
    if (!file.ok()) return file.status();
    if (!disk_->Knows(path)) disk_->OnCreated(path, /*is_directory=*/false);
    return std::unique_ptr<WritableFile>(new NotedFile(disk_, path, *std::move(file)));
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    const absl::Status renamed = Posix().Rename(from, to);
    if (renamed.ok()) disk_->OnRenamed(from, to);
    return renamed;
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    const absl::Status linked = Posix().Link(from, to);
    if (linked.ok()) disk_->OnLinked(from, to);
    return linked;
  }
  absl::Status Remove(const std::string& path) override {
    const absl::Status removed = Posix().Remove(path);
    if (removed.ok()) disk_->OnRemoved(path);
    return removed;
  }
  absl::Status MakeDirectory(const std::string& path, int mode) override {
    const absl::Status made = Posix().MakeDirectory(path, mode);
    if (made.ok()) disk_->OnCreated(path, /*is_directory=*/true);
    return made;
  }
  absl::Status SyncDirectory(const std::string& path) override {
    const absl::Status synced = Posix().SyncDirectory(path);
    if (synced.ok()) disk_->OnSyncDirectory(path);
    return synced;
  }
  absl::Status SyncAll(const std::string&) override {
    disk_->OnSyncAll();
    return absl::OkStatus();
  }

 private:
  PowerLossDisk* disk_;
};

}  // namespace

PowerLossDisk::PowerLossDisk(std::string root)
    : root_(std::move(root)), files_(std::make_unique<NotedFileSystem>(this)) {
  static int count = 0;
  vfs_name_ = absl::StrCat("power-loss-", count++);
  {
    const absl::MutexLock lock(&mutex_);
    Scan();
  }
  RegisterSqliteVfs(this, vfs_name_);
}

PowerLossDisk::~PowerLossDisk() { UnregisterSqliteVfs(vfs_name_); }

void PowerLossDisk::Scan() {
  nodes_.clear();
  pending_.clear();
  nodes_[kRoot].is_directory = true;
  ScanDirectory(kRoot, root_);
}

void PowerLossDisk::ScanDirectory(Id id, const std::string& path) {
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const Id child = next_id_++;
    Node& node = nodes_[child];
    node.is_directory = entry.is_directory();
    if (node.is_directory) {
      ScanDirectory(child, entry.path());
    } else {
      node.durable = ReadAll(entry.path());
    }
    nodes_[id].entries[entry.path().filename()] = child;
  }
  nodes_[id].durable_entries = nodes_[id].entries;
}

void PowerLossDisk::SkipSync(int number) {
  const absl::MutexLock lock(&mutex_);
  skipped_ = number;
}

std::vector<std::string> PowerLossDisk::syncs() const {
  const absl::MutexLock lock(&mutex_);
  return syncs_;
}

std::optional<PowerLossDisk::Place> PowerLossDisk::Find(const std::string& path) const {
  const std::string relative = std::filesystem::path(path).lexically_relative(root_);
  const std::vector<std::string> parts = absl::StrSplit(relative, '/', absl::SkipEmpty());
  if (parts.empty() || parts[0] == ".." || parts[0] == ".") return std::nullopt;
  Place place = {kRoot, parts.back()};
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const Entries& entries = nodes_.at(place.directory).entries;
    const auto found = entries.find(parts[i]);
    if (found == entries.end()) return std::nullopt;
    place.directory = found->second;
  }
  return place;
}

std::optional<PowerLossDisk::Id> PowerLossDisk::Lookup(const std::string& path) const {
  if (std::filesystem::path(path).lexically_relative(root_) == ".") return kRoot;
  const auto place = Find(path);
  if (!place.has_value()) return std::nullopt;
  const Entries& entries = nodes_.at(place->directory).entries;
  const auto found = entries.find(place->name);
  return found == entries.end() ? std::nullopt : std::optional<Id>(found->second);
}

bool PowerLossDisk::Knows(const std::string& path) const {
  const absl::MutexLock lock(&mutex_);
  return Lookup(path).has_value();
}

void PowerLossDisk::Apply(Step step) {
  for (const Change& change : step) {
    Entries& entries = nodes_.at(change.directory).entries;
    if (change.node.has_value()) {
      entries[change.name] = *change.node;
    } else {
      entries.erase(change.name);
    }
  }
  pending_.push_back(std::move(step));
}

void PowerLossDisk::OnCreated(const std::string& path, bool is_directory) {
  const absl::MutexLock lock(&mutex_);
  const auto place = Find(path);
  if (!place.has_value()) return;
  const Id id = next_id_++;
  nodes_[id].is_directory = is_directory;
  Apply({{place->directory, place->name, id}});
}

void PowerLossDisk::OnRenamed(const std::string& from, const std::string& to) {
  const absl::MutexLock lock(&mutex_);
  const auto source = Find(from);
  const auto target = Find(to);
  const auto id = Lookup(from);
  if (!source.has_value() || !target.has_value() || !id.has_value()) return;
  Apply({{target->directory, target->name, *id}, {source->directory, source->name, std::nullopt}});
}

void PowerLossDisk::OnLinked(const std::string& from, const std::string& to) {
  const absl::MutexLock lock(&mutex_);
  const auto target = Find(to);
  const auto id = Lookup(from);
  if (target.has_value() && id.has_value()) Apply({{target->directory, target->name, *id}});
}

void PowerLossDisk::OnRemoved(const std::string& path) {
  const absl::MutexLock lock(&mutex_);
  const auto place = Find(path);
  if (place.has_value()) Apply({{place->directory, place->name, std::nullopt}});
}

bool PowerLossDisk::CountSync(const char* what, const std::string& path) {
  const std::string relative = std::filesystem::path(path).lexically_relative(root_);
  syncs_.push_back(absl::StrCat(what, " ", relative));
  return !skipped_.has_value() || static_cast<size_t>(*skipped_) + 1 != syncs_.size();
}

bool PowerLossDisk::OnSyncFile(const std::string& path) {
  const absl::MutexLock lock(&mutex_);
  const auto id = Lookup(path);
  if (!id.has_value()) return true;
  if (!CountSync("file", path)) return false;
  nodes_.at(*id).durable = ReadAll(path);
  return true;
}

bool PowerLossDisk::OnSyncDirectory(const std::string& path) {
  const absl::MutexLock lock(&mutex_);
  const auto id = Lookup(path);
  if (!id.has_value()) return true;
  if (!CountSync("directory", path)) return false;
  MakeEntriesDurable(*id);
  return true;
}

void PowerLossDisk::OnSyncedWithFile(const std::string& path) {
  const absl::MutexLock lock(&mutex_);
  const auto place = Find(path);
  if (place.has_value()) MakeEntriesDurable(place->directory);
}

void PowerLossDisk::OnSyncAll() {
  const absl::MutexLock lock(&mutex_);
  if (!CountSync("all of", root_)) return;
  for (auto& [id, content] : LiveContents()) nodes_.at(id).durable = content;
  for (auto& [id, node] : nodes_) {
    if (node.is_directory) MakeEntriesDurable(id);
  }
}

void PowerLossDisk::MakeEntriesDurable(Id directory) {
  Node& node = nodes_.at(directory);
  node.durable_entries = node.entries;
  for (Step& step : pending_) {
    step.erase(std::remove_if(step.begin(), step.end(),
                              [&](const Change& change) { return change.directory == directory; }),
               step.end());
  }
}

std::map<PowerLossDisk::Id, std::string> PowerLossDisk::LiveContents() {
  std::map<Id, std::string> contents;
  CollectContents(kRoot, root_, &contents);
  return contents;
}

void PowerLossDisk::CollectContents(Id id, const std::string& path,
                                    std::map<Id, std::string>* contents) {
  for (const auto& [name, child] : nodes_.at(id).entries) {
    const std::string child_path = absl::StrCat(path, "/", name);
    if (nodes_.at(child).is_directory) {
      CollectContents(child, child_path, contents);
    } else {
      (*contents)[child] = ReadAll(child_path);
    }
  }
}

void PowerLossDisk::KeepSome(std::mt19937_64* random) {
  for (const Step& step : pending_) {
    if ((*random)() % 2 == 0) continue;
    for (const Change& change : step) {
      Entries& entries = nodes_.at(change.directory).durable_entries;
      if (change.node.has_value()) {
        entries[change.name] = *change.node;
      } else {
        entries.erase(change.name);
      }
    }
  }
  for (auto& [id, content] : LiveContents()) {
    Node& node = nodes_.at(id);
    node.durable = MixSectors(node.durable, content, random);
  }
}

void PowerLossDisk::Write(Id directory, const std::string& path) {
  for (const auto& [name, child] : nodes_.at(directory).durable_entries) {
    const std::string child_path = absl::StrCat(path, "/", name);
    const Node& node = nodes_.at(child);
    if (node.is_directory) {
      std::filesystem::create_directory(child_path);
      std::filesystem::permissions(child_path, std::filesystem::perms::owner_all);
      Write(child, child_path);
    } else {
      std::ofstream(child_path, std::ios::binary) << node.durable;
    }
  }
}

void PowerLossDisk::LosePower(std::mt19937_64* random) {
  const absl::MutexLock lock(&mutex_);
  if (random != nullptr) KeepSome(random);
  for (const auto& entry : std::filesystem::directory_iterator(root_)) {
    std::filesystem::remove_all(entry.path());
  }
  Write(kRoot, root_);
  Scan();
}

}  // namespace kur::testing
