#ifndef KUR_TESTS_SERVER_TESTING_FAILING_VFS_H_
#define KUR_TESTS_SERVER_TESTING_FAILING_VFS_H_

#include <atomic>
#include <string>

namespace kur::server {

// A SQLite file layer that passes everything on to the system's until it is told to fail.
struct FailingVfs {
  // Registers it with SQLite (once) and gives its name.
  static const char* Name();

  static std::atomic<int> syncs;  // how often xSync was called
  static bool fail_syncs;         // xSync answers SQLITE_IOERR_FSYNC
  static bool fail_writes;        // xWrite answers SQLITE_FULL
  // While this file exists, xWrite answers SQLITE_FULL, as on a disk that has no other space.
  static std::string full_while_exists;
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_FAILING_VFS_H_
