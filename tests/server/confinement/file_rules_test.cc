#include "server/confinement/file_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kur::server {

bool operator==(const FileRule& a, const FileRule& b) {
  return a.path == b.path && a.access == b.access;
}
void PrintTo(const FileRule& rule, std::ostream* out) {
  *out << rule.path << " " << static_cast<int>(rule.access);
}

namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(FileRulesTest, AJobHasItsOwnFoldersAndReadsItsData) {
  v1::WorkerSpec spec;
  spec.set_run_directory("/state/runs/a-1");
  spec.set_source_directory("/state/runs/a-1/source");
  spec.set_workspace("/state/projects/ann/a");
  spec.set_home("/state/home/ann");
  spec.set_download_cache("/state/downloads");
  spec.set_server("unix:/state/worker.sock");
  spec.add_data_roots("/data");
  spec.add_inputs()->set_file("/state/blobs/sha256/04/04aa");
  EXPECT_THAT(JobFiles(spec),
              ElementsAre(FileRule{"/state/runs/a-1", FileAccess::kReadAndWrite},
                          FileRule{"/state/projects/ann/a", FileAccess::kReadAndWrite},
                          FileRule{"/state/home/ann", FileAccess::kReadAndWrite},
                          FileRule{"/state/downloads", FileAccess::kReadAndWrite},
                          FileRule{"/data", FileAccess::kRead},
                          FileRule{"/state/blobs/sha256/04/04aa", FileAccess::kRead}));
}

TEST(FileRulesTest, AJobWithoutAFolderHasNoRuleForIt) {
  EXPECT_THAT(JobFiles(v1::WorkerSpec()), IsEmpty());
}

TEST(FileRulesTest, LibrariesThatTheEnvironmentNamesCanBeLoaded) {
  const auto rules =
      ProgramFiles("/opt/kur/kurd-worker", {{"LD_LIBRARY_PATH", "/a/lib::relative:/b/lib"},
                                            {"CUDA_HOME", "/cuda"},
                                            {"SSL_CERT_FILE", "/certificates.pem"},
                                            {"HOME", "/home/kurd"}});
  for (const char* path : {"/opt/kur/kurd-worker", "/usr", "/a/lib", "/b/lib", "/cuda"}) {
    EXPECT_THAT(rules, Contains(FileRule{path, FileAccess::kReadAndExecute}));
  }
  EXPECT_THAT(rules, Contains(FileRule{"/certificates.pem", FileAccess::kRead}));
  EXPECT_THAT(rules, Contains(FileRule{"/dev/null", FileAccess::kUseDevice}));
  EXPECT_THAT(rules, Each(Field(&FileRule::path, StartsWith("/"))));
  EXPECT_THAT(rules, Not(Contains(Field(&FileRule::path, "/home/kurd"))));
}

TEST(FileRulesTest, NobodyWritesWhatIsNotOfAJob) {
  for (const auto& rules : {ProgramFiles("/kurd-worker", {}), NetworkFiles({})}) {
    EXPECT_THAT(rules, Not(Contains(Field(&FileRule::access, FileAccess::kReadAndWrite))));
    for (const char* path :
         {"/", "/etc", "/etc/passwd", "/home", "/tmp", "/var", "/proc", "/dev"}) {
      EXPECT_THAT(rules, Not(Contains(Field(&FileRule::path, path))));
    }
  }
}

}  // namespace
}  // namespace kur::server
