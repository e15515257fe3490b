// What is promised of writes that are committed together.

#include "server/store/state_database.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "tests/server/testing/failing_vfs.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

class StateDatabaseTest : public ::testing::Test {
 protected:
  static constexpr int kOthers = 8;

  StateDatabaseTest() {
    EXPECT_THAT(database_->Write([](SqlDatabase& database) {
      return database.Execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)");
    }),
                IsOk());
  }
  ~StateDatabaseTest() override {
    FailingVfs::fail_syncs = false;
    FailingVfs::fail_writes = false;
  }

  static absl::Status Insert(SqlDatabase& database, int number) {
    return database.Execute(absl::StrCat("INSERT INTO numbers VALUES (", number, ")"));
  }

  // Has one write go on until others wait, `before_end` included, and returns what became of all:
  // number 0 is the first one's. The others write their number; odd ones fail afterwards.
  std::vector<absl::Status> WriteAtATime(int base, const std::function<void()>& before_end) {
    std::vector<absl::Status> results(kOthers + 1);
    absl::Notification begun;
    std::atomic<int> coming = 0;
    std::thread first([&] {
      results[0] = database_->Write([&](SqlDatabase& database) {
        if (!begun.HasBeenNotified()) begun.Notify();
        while (coming < kOthers) std::this_thread::yield();
        before_end();
        return Insert(database, base);
      });
    });
    begun.WaitForNotification();
    std::vector<std::thread> others;
    for (int i = 1; i <= kOthers; ++i) {
      others.emplace_back([&, i] {
        ++coming;
        results[static_cast<size_t>(i)] = database_->Write([&](SqlDatabase& database) {
          const absl::Status inserted = Insert(database, base + i);
          return i % 2 == 1 ? absl::FailedPreconditionError("odd") : inserted;
        });
      });
    }
    first.join();
    for (std::thread& other : others) other.join();
    return results;
  }

  int64_t Count() {
    return *database_->Read([](SqlDatabase& database) -> absl::StatusOr<int64_t> {
      auto query = database.Prepare("SELECT COUNT(*) FROM numbers");
      query->Step().IgnoreError();
      return query->Int(0);
    });
  }

  TemporaryDirectory directory_;
  std::unique_ptr<StateDatabase> database_ =
      *StateDatabase::Open(directory_.File("kurd.db"), FailingVfs::Name());
};

TEST_F(StateDatabaseTest, ADatabaseThatCannotBeWrittenIsNoMatterOfTheCallersRights) {
  ASSERT_THAT(database_->Write(
                  [](SqlDatabase& database) { return database.Execute("PRAGMA query_only=1"); }),
              IsOk());
  EXPECT_THAT(database_->Write([](SqlDatabase& database) { return Insert(database, 1); }),
              FailsWith(absl::StatusCode::kInternal, "cannot be written"));
}

TEST_F(StateDatabaseTest, ThoseWhoWaitAreCommittedTogetherAndEachHasItsOwnResult) {
  // Whether a thread waits already cannot be seen from outside: in some round all do.
  for (int round = 1;; ++round) {
    const int before = FailingVfs::syncs;
    const auto results = WriteAtATime(100 * round, [] {});
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(results[i].ok(), i % 2 == 0) << i << ": " << results[i];
    }
    EXPECT_EQ(Count(), round * (1 + kOthers / 2));
    if (FailingVfs::syncs - before < 1 + kOthers / 2) break;
    ASSERT_LT(round, 1000) << "no two writes were ever committed together";
  }
}

TEST_F(StateDatabaseTest, AFailedSynchronizationIsTheResultOfAllThatItWasFor) {
  for (const absl::Status& result : WriteAtATime(0, [] { FailingVfs::fail_syncs = true; })) {
    EXPECT_TRUE(absl::IsUnavailable(result)) << result;
  }
  // A second try could succeed.
  FailingVfs::fail_syncs = false;
  EXPECT_THAT(database_->Write([](SqlDatabase& database) { return Insert(database, 99); }),
              FailsWith(absl::StatusCode::kUnavailable, "restart kurd"));
}

TEST_F(StateDatabaseTest, AFullDiskIsTheResultOfThoseThatItHits) {
  const auto results = WriteAtATime(0, [] { FailingVfs::fail_writes = true; });
  FailingVfs::fail_writes = false;
  for (size_t i = 0; i < results.size(); i += 2) {
    EXPECT_TRUE(absl::IsResourceExhausted(results[i])) << i << ": " << results[i];
  }
  EXPECT_EQ(Count(), 0);
  EXPECT_THAT(database_->Write([](SqlDatabase& database) { return Insert(database, 99); }), IsOk());
  EXPECT_EQ(Count(), 1);
}

}  // namespace
}  // namespace kur::server
