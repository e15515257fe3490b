#include "server/devices/cpu_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;

TEST(ShareEvenlyTest, GivesEachShareAsManyAsDivide) {
  EXPECT_THAT(ShareEvenly({0, 1, 2, 3}, 2), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
  EXPECT_THAT(ShareEvenly({0, 1, 2, 3, 4, 5, 6}, 3),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4, 5, 6)));
}

TEST(ShareEvenlyTest, KeepsTheOrderOfSharesAndSortsWithinThem) {
  EXPECT_THAT(ShareEvenly({0, 4, 1, 5, 2, 6}, 2),
              ElementsAre(ElementsAre(0, 1, 4), ElementsAre(2, 5, 6)));
}

class TopologyTest : public testing::Test {
 protected:
  void AddProcessor(int processor, int package, int core) {
    const std::string topology = "cpu" + std::to_string(processor) + "/topology/";
    directory_.Write(topology + "physical_package_id", std::to_string(package) + "\n");
    directory_.Write(topology + "core_id", std::to_string(core) + "\n");
  }

  const TemporaryDirectory directory_;
};

TEST_F(TopologyTest, PutsHyperThreadsOfACoreTogether) {
  // Four cores; the kernel numbers the second threads after all the first ones.
  for (int processor = 0; processor < 8; ++processor) AddProcessor(processor, 0, processor % 4);
  EXPECT_THAT(OrderByTopology({0, 1, 2, 3, 4, 5, 6, 7}, directory_.path()),
              ElementsAre(0, 4, 1, 5, 2, 6, 3, 7));
}

TEST_F(TopologyTest, PutsCoresOfAPackageTogether) {
  for (int processor = 0; processor < 4; ++processor) {
    AddProcessor(processor, processor % 2, processor / 2);
  }
  EXPECT_THAT(OrderByTopology({0, 1, 2, 3}, directory_.path()), ElementsAre(0, 2, 1, 3));
}

TEST_F(TopologyTest, KeepsTheOrderWhereTheKernelTellsNothing) {
  EXPECT_THAT(OrderByTopology({2, 5, 7}, directory_.path()), ElementsAre(2, 5, 7));
}

TEST(ProcessorModelTest, IsTheFirstNameInCpuinfo) {
  EXPECT_EQ(ProcessorModel("processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Gold 6148: 2.40GHz\n"
                           "\nprocessor\t: 1\nmodel name\t: another\n"),
            "Intel(R) Xeon(R) Gold 6148: 2.40GHz");
}

TEST(ProcessorModelTest, IsGenericWhereTheKernelGivesNone) {
  EXPECT_EQ(ProcessorModel("processor\t: 0\nCPU implementer\t: 0x41\n"), "CPU");
}

}  // namespace
}  // namespace kur::server
