#include "server/devices/device_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(DeviceListTest, Auto) {
  const auto list = ParseDeviceList("auto");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_TRUE(list->automatic);
  EXPECT_FALSE(list->cuda);
}

TEST(DeviceListTest, AllCards) {
  const auto list = ParseDeviceList("cuda");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_TRUE(list->cuda);
  EXPECT_THAT(list->cuda_cards, IsEmpty());
  EXPECT_EQ(list->cpu_slots, 0);
}

TEST(DeviceListTest, SomeCardsInAnyOrderOnce) {
  const auto list = ParseDeviceList("cuda:6,0-3,2");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(list->cuda_cards, ElementsAre(0, 1, 2, 3, 6));
}

TEST(DeviceListTest, CardsBesideSlots) {
  for (const char* text : {"cuda:0-3+cpu:2", "cpu:2+cuda:0-3"}) {
    const auto list = ParseDeviceList(text);
    ASSERT_TRUE(list.ok()) << list.status();
    EXPECT_THAT(list->cuda_cards, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(list->cpu_slots, 2);
  }
}

TEST(DeviceListTest, WhatMakesNoSenseIsRefused) {
  for (const char* text : {"",
                           "+",
                           "cuda+",
                           "cuda:",
                           "cuda:a",
                           "cuda:-1",
                           "cuda:1-",
                           "cuda:3-1",
                           "cuda:0,",
                           "cuda:0 ",
                           "cuda:+1",
                           "cuda0",
                           "cuda+cuda",
                           "cpu:1+cpu:1",
                           "cpu",
                           "cpu:",
                           "cpu:0",
                           "cpu:+1",
                           "cpu:1,2",
                           "auto+cpu:1",
                           "cuda:0-99999999",
                           "cuda:99999999999",
                           "gpu"}) {
    const auto list = ParseDeviceList(text);
    EXPECT_EQ(list.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(list.status().message()), HasSubstr("cuda:0-3+cpu:2")) << text;
  }
}

}  // namespace
}  // namespace kur::server
