#include "engine/base/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace kur {
namespace {

using ::testing::Contains;
using ::testing::Pair;

TEST(EnvironmentTest, HoldsWhatIsSet) {
  setenv("KUR_TEST_VARIABLE", "a=b", 1);
  EXPECT_THAT(OwnEnvironment(), Contains(Pair("KUR_TEST_VARIABLE", "a=b")));
  unsetenv("KUR_TEST_VARIABLE");
}

}  // namespace
}  // namespace kur
