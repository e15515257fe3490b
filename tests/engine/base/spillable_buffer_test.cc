#include "engine/base/spillable_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using testing::HasSubstr;

constexpr size_t kMiB = size_t{1} << 20;

class SpillableBufferTest : public testing::Test {
 protected:
  ~SpillableBufferTest() override { SpillableBuffer::SetSpillFolder("", 0); }

  static void Fill(SpillableBuffer* bytes, size_t from) {
    for (size_t i = from; i < bytes->size(); ++i) (*bytes)[i] = static_cast<uint8_t>(i * 31 >> 3);
  }
  static bool IsFilled(const SpillableBuffer& bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] != static_cast<uint8_t>(i * 31 >> 3)) return false;
    }
    return true;
  }

  // Returns the bytes of this process that are not backed by a file.
  static size_t InMemory() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
      size_t kilobytes = 0;
      if (word == "RssAnon:" && status >> kilobytes) return kilobytes * 1024;
    }
    return 0;
  }

  const TemporaryDirectory directory_;
};

TEST_F(SpillableBufferTest, KeepsItsContentWhereverItLies) {
  for (const int64_t most : {0, 3'000'000, 1 << 30}) {
    SpillableBuffer::SetSpillFolder(directory_.path(), most);
    SpillableBuffer bytes;
    for (const size_t size : {size_t{10}, kMiB - 1, kMiB, 3 * kMiB, 20 * kMiB, 7 * kMiB,
                              5 * kMiB + 3, 9 * kMiB, size_t{100}, 2 * kMiB}) {
      const size_t before = std::min(bytes.size(), size);
      bytes.resize(size);
      EXPECT_EQ(bytes.size(), size);
      Fill(&bytes, before);
      EXPECT_TRUE(IsFilled(bytes)) << most << ", " << size;
    }
    SpillableBuffer moved = std::move(bytes);
    EXPECT_TRUE(IsFilled(moved));
    EXPECT_EQ(moved.size(), 2 * kMiB);
    moved.resize(0);
    EXPECT_TRUE(moved.empty());
  }
}

TEST_F(SpillableBufferTest, CopiesAreEqual) {
  const std::vector<uint8_t> from = {1, 2, 3};
  const SpillableBuffer bytes(from.data(), from.data() + from.size());
  EXPECT_THAT(std::vector<uint8_t>(bytes.begin(), bytes.end()), testing::ElementsAre(1, 2, 3));
}

TEST_F(SpillableBufferTest, WhatIsBeyondTheLimitTakesNoMemory) {
  SpillableBuffer::SetSpillFolder(directory_.path(), static_cast<int64_t>(8 * kMiB));
  const size_t before = InMemory();
  ASSERT_GT(before, 0U);
  std::vector<SpillableBuffer> all;
  for (int i = 0; i < 16; ++i) {
    all.emplace_back(4 * kMiB);
    Fill(&all.back(), 0);
  }
  SpillableBuffer grown;
  for (size_t size = kMiB; size <= 64 * kMiB; size += kMiB) {
    grown.resize(size);
    Fill(&grown, size - kMiB);
  }
  EXPECT_LT(InMemory(), before + 12 * kMiB);
  EXPECT_TRUE(IsFilled(grown));
  for (const SpillableBuffer& bytes : all) EXPECT_TRUE(IsFilled(bytes));
}

TEST_F(SpillableBufferTest, WhatIsGivenBackMakesRoom) {
  SpillableBuffer::SetSpillFolder(directory_.path(), static_cast<int64_t>(4 * kMiB));
  for (int i = 0; i < 8; ++i) {
    const SpillableBuffer first(3 * kMiB);
    // The folder does not exist: a buffer that spilled would fail.
    SpillableBuffer::SetSpillFolder(directory_.File("none"), static_cast<int64_t>(4 * kMiB));
    const SpillableBuffer small(kMiB);
    EXPECT_THROW(SpillableBuffer(2 * kMiB), SpillableBuffer::OutOfSpace);
    SpillableBuffer::SetSpillFolder(directory_.path(), static_cast<int64_t>(4 * kMiB));
  }
}

TEST_F(SpillableBufferTest, FilesHaveNoNames) {
  SpillableBuffer::SetSpillFolder(directory_.path(), 0);
  const SpillableBuffer bytes(2 * kMiB);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(SpillableBufferTest, WhereThereIsNoRoomItSaysSo) {
  SpillableBuffer::SetSpillFolder(directory_.File("none"), 0);
  SpillableBuffer bytes(100);
  Fill(&bytes, 0);
  try {
    bytes.resize(2 * kMiB);
    FAIL() << "there is no such folder";
  } catch (const std::bad_alloc& error) {
    EXPECT_THAT(error.what(), HasSubstr("do not fit into memory, and a file for them in " +
                                        directory_.File("none")));
    EXPECT_THAT(error.what(), HasSubstr("No such file or directory"));
  }
  EXPECT_EQ(bytes.size(), 100U);
  EXPECT_TRUE(IsFilled(bytes));
}

TEST_F(SpillableBufferTest, MoreThanTheDiskHasIsRefusedAtOnce) {
  SpillableBuffer::SetSpillFolder(directory_.path(), 0);
  SpillableBuffer bytes(2 * kMiB);
  Fill(&bytes, 0);
  EXPECT_THROW(bytes.resize(size_t{1} << 60), SpillableBuffer::OutOfSpace);
  EXPECT_EQ(bytes.size(), 2 * kMiB);
  EXPECT_TRUE(IsFilled(bytes));
}

}  // namespace
}  // namespace kur
