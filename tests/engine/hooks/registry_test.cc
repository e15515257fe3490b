#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/hooks/hook_test_util.h"

namespace kur {
namespace {

TEST(HookRegistryTest, EveryKindButKurhubHasABuilder) {
  std::vector<std::string> runnable;
  for (const std::string& kind : Registry<HookKind>::Get().Names()) {
    if (kind != "kurhub") runnable.push_back(kind);
  }
  EXPECT_EQ(runnable, Registry<HookBuilder>::Get().Names());
  EXPECT_FALSE(testing::ParseSpec<HookKind>("kurhub", "some-id")->IsRunnable());
}

}  // namespace
}  // namespace kur
