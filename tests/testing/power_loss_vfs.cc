// The file layer of SQLite over a PowerLossDisk: the system's own, which tells the disk what
// happens. See https://www.sqlite.org/vfs.html.

#include <sqlite3.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "tests/testing/power_loss_disk.h"

namespace kur::testing {
namespace {

// A layer, and the system's that does the work.
struct Layer {
  sqlite3_vfs vfs;  // first, as SQLite gives it back
  sqlite3_vfs* system;
  PowerLossDisk* disk;
  std::string name;
};

// An open file. The system's follows in memory.
struct File {
  sqlite3_file base;
  PowerLossDisk* disk;
  char* path;
  bool syncs_directory;  // with its next synchronization, as SQLite does for a new journal or WAL
  sqlite3_file* system() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* AsFile(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
Layer* AsLayer(sqlite3_vfs* vfs) { return reinterpret_cast<Layer*>(vfs); }
const sqlite3_io_methods* Methods(sqlite3_file* file) { return AsFile(file)->system()->pMethods; }

template <auto Method, class... Arguments>
int Forward(sqlite3_file* file, Arguments... arguments) {
  return (Methods(file)->*Method)(AsFile(file)->system(), arguments...);
}

int Close(sqlite3_file* file) {
  const int result = Methods(file)->xClose(AsFile(file)->system());
  std::free(AsFile(file)->path);
  return result;
}

int Sync(sqlite3_file* file, int flags) {
  const int result = Methods(file)->xSync(AsFile(file)->system(), flags);
  File* const own = AsFile(file);
  if (result != SQLITE_OK || !own->disk->OnSyncFile(own->path)) return result;
  // The system's layer synchronizes the directory in the same call.
  if (own->syncs_directory) own->disk->OnSyncedWithFile(own->path);
  own->syncs_directory = false;
  return result;
}

const sqlite3_io_methods kMethods = {
    3,
    Close,
    Forward<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    Forward<&sqlite3_io_methods::xWrite, const void*, int, sqlite3_int64>,
    Forward<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
    Sync,
    Forward<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    Forward<&sqlite3_io_methods::xLock, int>,
    Forward<&sqlite3_io_methods::xUnlock, int>,
    Forward<&sqlite3_io_methods::xCheckReservedLock, int*>,
    Forward<&sqlite3_io_methods::xFileControl, int, void*>,
    Forward<&sqlite3_io_methods::xSectorSize>,
    Forward<&sqlite3_io_methods::xDeviceCharacteristics>,
    Forward<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>,
    Forward<&sqlite3_io_methods::xShmLock, int, int, int>,
    [](sqlite3_file* file) { Methods(file)->xShmBarrier(AsFile(file)->system()); },
    Forward<&sqlite3_io_methods::xShmUnmap, int>,
    Forward<&sqlite3_io_methods::xFetch, sqlite3_int64, int, void**>,
    Forward<&sqlite3_io_methods::xUnfetch, sqlite3_int64, void*>,
};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Layer* const layer = AsLayer(vfs);
  File* const own = AsFile(file);
  own->base.pMethods = nullptr;
  const bool known = name != nullptr && layer->disk->Knows(name);
  const int result = layer->system->xOpen(layer->system, name, own->system(), flags, out_flags);
  if (result != SQLITE_OK) return result;
  own->base.pMethods = &kMethods;
  own->disk = layer->disk;
  own->path = strdup(name == nullptr ? "" : name);
  if (name != nullptr && !known) layer->disk->OnCreated(name, /*is_directory=*/false);
  own->syncs_directory = !known && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  Layer* const layer = AsLayer(vfs);
  const int result = layer->system->xDelete(layer->system, name, sync_directory);
  if (result != SQLITE_OK) return result;
  layer->disk->OnRemoved(name);
  if (sync_directory != 0) layer->disk->OnSyncDirectory(DirectoryOf(name));
  return result;
}

std::map<std::string, std::unique_ptr<Layer>>& Layers() {
  static auto* const layers = new std::map<std::string, std::unique_ptr<Layer>>;
  return *layers;
}

}  // namespace

void RegisterSqliteVfs(PowerLossDisk* disk, const std::string& name) {
  auto layer = std::make_unique<Layer>();
  layer->system = sqlite3_vfs_find(nullptr);
  layer->disk = disk;
  layer->name = name;
  // What is not replaced gets the layer as its argument and looks only at what is copied.
  layer->vfs = *layer->system;
  layer->vfs.pNext = nullptr;
  layer->vfs.zName = layer->name.c_str();
  layer->vfs.szOsFile = static_cast<int>(sizeof(File)) + layer->system->szOsFile;
  layer->vfs.xOpen = Open;
  layer->vfs.xDelete = Delete;
  sqlite3_vfs_register(&layer->vfs, /*makeDflt=*/0);
  Layers()[name] = std::move(layer);
}

void UnregisterSqliteVfs(const std::string& name) {
  sqlite3_vfs_unregister(&Layers().at(name)->vfs);
  Layers().erase(name);
}

}  // namespace kur::testing
