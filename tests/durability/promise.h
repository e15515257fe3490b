#ifndef KUR_TESTS_DURABILITY_PROMISE_H_
#define KUR_TESTS_DURABILITY_PROMISE_H_

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/power_loss_disk.h"
#include "tests/testing/temporary_directory.h"

namespace kur::testing {

// Something that must survive a loss of power once it has been said to be done.
struct Promise {
  // Does what comes before. What is durable after it is not in question.
  std::function<void(PowerLossDisk&, const std::string& folder)> prepare = [](auto&, auto&) {};
  // Does it, and closes everything. Returns once it is done.
  std::function<void(PowerLossDisk&, const std::string& folder)> act;
  // Looks at the folder after the loss of power. Returns what is missing; "" if nothing is.
  std::function<std::string(PowerLossDisk&, const std::string& folder)> missing;
  // Whether the synchronization `i` of those that the act makes, as PowerLossDisk::syncs() calls
  // them, must be needed. Some overlap, as those of SQLite do.
  std::function<bool(const std::vector<std::string>& syncs, size_t i)> must_be_needed = EachOne;

  static bool EachOne(const std::vector<std::string>&, size_t) { return true; }
  static bool TheLast(const std::vector<std::string>& syncs, size_t i) {
    return i + 1 == syncs.size();
  }
};

// Checks that the promise is kept, whatever else of the disk survives, and that it is broken when
// any of its synchronizations is left out: else that one is for nothing, or nobody would notice its
// loss.
inline void CheckPromise(const Promise& promise) {
  constexpr int kSeeds = 30;
  std::vector<std::string> syncs;
  size_t before = 0;
  const auto run = [&](std::optional<size_t> skipped, std::mt19937_64* random) {
    const TemporaryDirectory folder;
    PowerLossDisk disk(folder.path());
    promise.prepare(disk, folder.path());
    disk.files().SyncAll(folder.path()).IgnoreError();
    before = disk.syncs().size();
    if (skipped.has_value()) disk.SkipSync(static_cast<int>(before + *skipped));
    promise.act(disk, folder.path());
    syncs = disk.syncs();
    disk.LosePower(random);
    return promise.missing(disk, folder.path());
  };
  EXPECT_EQ(run(std::nullopt, nullptr), "") << "only what is synchronized survives";
  for (int seed = 0; seed < kSeeds; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    EXPECT_EQ(run(std::nullopt, &random), "") << "some of the rest survives, seed " << seed;
  }
  const std::vector<std::string> all(syncs.begin() + static_cast<std::ptrdiff_t>(before),
                                     syncs.end());
  ASSERT_FALSE(all.empty()) << "nothing is synchronized";
  for (size_t skipped = 0; skipped < all.size(); ++skipped) {
    if (!promise.must_be_needed(all, skipped)) continue;
    EXPECT_NE(run(skipped, nullptr), "")
        << "nobody notices that this is not synchronized: " << all[skipped];
  }
}

}  // namespace kur::testing

#endif  // KUR_TESTS_DURABILITY_PROMISE_H_
