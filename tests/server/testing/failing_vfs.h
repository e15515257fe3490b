#ifndef KUR_TESTS_SERVER_TESTING_FAILING_VFS_H_
#define KUR_TESTS_SERVER_TESTING_FAILING_VFS_H_

#include <atomic>
#include <cstdint>
#include <string>

namespace kur::server {

// A SQLite file layer that passes everything on to the system's until it is told to fail.
struct FailingVfs {
  // Registers it with SQLite (once) and gives its name.
  static const char* Name();

  static std::atomic<int> syncs;  // how often xSync was called
  static bool fail_syncs;         // xSync answers SQLITE_IOERR_FSYNC
  static bool fail_writes;        // xWrite answers SQLITE_FULL
  // While this file has all of its size, xWrite answers SQLITE_FULL, as on a disk that has no other
  // space than that of the file.
  static std::string full_with;
  static int64_t full_with_bytes;
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_FAILING_VFS_H_
