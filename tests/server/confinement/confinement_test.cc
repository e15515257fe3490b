#include "server/confinement/confinement.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "tests/server/confinement/in_child.h"

namespace kur::server {
namespace {

TEST(ConfinementTest, ThisKernelCanConfineWorkers) {
  EXPECT_THAT(MissingFeatures(), testing::IsEmpty());
}

TEST(ConfinementTest, NobodyCanTraceAConfinedProcess) {
  for (const auto confine : {ConfineWorker, ConfineBroker}) {
    EXPECT_EQ(InChild([confine] { return confine().ok() ? prctl(PR_GET_DUMPABLE) : 255; }), 0);
    EXPECT_EQ(InChild([confine] {
                return confine().ok() ? prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) : 255;
              }),
              1);
  }
}

TEST(ConfinementTest, AWorkerHasNoNetworkAndTheBrokerNoFiles) {
  const auto connect = [] { return ErrorOf(socket(AF_INET, SOCK_STREAM, 0)); };
  const auto read = [] { return ErrorOf(open(KUR_TEST_DATA_DIR "/README.md", O_RDONLY)); };
  EXPECT_EQ(InChild([&] { return ConfineWorker().ok() ? connect() : 255; }), EPERM);
  EXPECT_EQ(InChild([&] { return ConfineBroker().ok() ? connect() : 255; }), 0);
  EXPECT_EQ(InChild([&] { return ConfineBroker().ok() ? read() : 255; }), EACCES);
}

}  // namespace
}  // namespace kur::server
