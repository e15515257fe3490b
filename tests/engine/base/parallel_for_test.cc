#include "engine/base/parallel_for.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace kur {
namespace {

TEST(ParallelForTest, DoesEachOnce) {
  for (const int64_t threads : {0, 1, 2, 7, 200}) {
    std::vector<std::atomic<int>> done(100);
    ParallelFor(100, threads, [&](int64_t i) { ++done[i]; });
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(ParallelForTest, WhatAThreadThrowsIsThrownHere) {
  for (const int64_t threads : {1, 2, 7}) {
    std::atomic<int> done{0};
    const auto work = [&](int64_t i) {
      ++done;
      if (i == 3) throw std::runtime_error("row 3");
    };
    try {
      ParallelFor(1000000, threads, work);
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "row 3");
    }
    EXPECT_LT(done, 1000000);
  }
}

TEST(ParallelForTest, OfSeveralOneIsThrown) {
  EXPECT_THROW(ParallelFor(100, 4, [](int64_t) { throw std::bad_alloc(); }), std::bad_alloc);
}

}  // namespace
}  // namespace kur
