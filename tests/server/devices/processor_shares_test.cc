#include "server/devices/processor_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<int> Range(int first, int last) {
  std::vector<int> numbers(static_cast<size_t>(last - first));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

TEST(ProcessorSharesTest, SlotsAlone) {
  const auto shares = ShareProcessors(Range(0, 4), {}, 2);
  ASSERT_TRUE(shares.ok()) << shares.status();
  EXPECT_THAT(shares->cards, IsEmpty());
  EXPECT_THAT(shares->slots, ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

TEST(ProcessorSharesTest, CardsGetProcessorsNearThem) {
  // Two packages of four; the first card is at the second one.
  const auto shares = ShareProcessors(Range(0, 8), {Range(4, 8), Range(0, 4)}, 0);
  ASSERT_TRUE(shares.ok()) << shares.status();
  EXPECT_THAT(shares->cards, ElementsAre(ElementsAre(4, 5, 6, 7), ElementsAre(0, 1, 2, 3)));
}

TEST(ProcessorSharesTest, WhereTheNearOnesAreGoneOthersDo) {
  const auto shares = ShareProcessors(Range(0, 8), {Range(0, 4), Range(0, 4), Range(0, 4)}, 0);
  ASSERT_TRUE(shares.ok()) << shares.status();
  EXPECT_THAT(shares->cards, ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4, 5)));
}

TEST(ProcessorSharesTest, ACardWhoseDriverDoesNotSayGetsAny) {
  const auto shares = ShareProcessors(Range(0, 4), {{}, {}}, 0);
  ASSERT_TRUE(shares.ok()) << shares.status();
  EXPECT_THAT(shares->cards, ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

TEST(ProcessorSharesTest, ProcessorsThatKurdMayNotUseAreNobodys) {
  const auto shares = ShareProcessors({2, 3}, {Range(0, 4)}, 0);
  ASSERT_TRUE(shares.ok()) << shares.status();
  EXPECT_THAT(shares->cards, ElementsAre(ElementsAre(2, 3)));
}

TEST(ProcessorSharesTest, MoreCardsThanProcessorsShareThem) {
  const auto shares = ShareProcessors({0, 1}, {{}, {}, {}, {}, {}}, 0);
  ASSERT_TRUE(shares.ok()) << shares.status();
  EXPECT_THAT(shares->cards, ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(0),
                                         ElementsAre(1), ElementsAre(0)));
}

TEST(ProcessorSharesTest, SlotsBesideCardsShareWithNobody) {
  for (int processors = 3; processors < 20; ++processors) {
    for (int slots = 1; slots < processors; ++slots) {
      const auto shares = ShareProcessors(Range(0, processors), {Range(0, 2), Range(2, 4)}, slots);
      ASSERT_TRUE(shares.ok()) << shares.status();
      std::multiset<int> used;
      std::set<int> of_cards;
      for (const auto& share : shares->slots) {
        EXPECT_FALSE(share.empty());
        used.insert(share.begin(), share.end());
      }
      for (const auto& share : shares->cards) {
        EXPECT_FALSE(share.empty());
        of_cards.insert(share.begin(), share.end());
      }
      used.insert(of_cards.begin(), of_cards.end());
      EXPECT_EQ(std::vector<int>(used.begin(), used.end()), Range(0, processors));
    }
  }
}

TEST(ProcessorSharesTest, TooManySlotsAreRefused) {
  EXPECT_THAT(std::string(ShareProcessors({0, 1}, {}, 3).status().message()),
              HasSubstr("ask for cpu:2 or fewer"));
  EXPECT_THAT(std::string(ShareProcessors({0, 1}, {{}}, 2).status().message()),
              HasSubstr("as do the cards; ask for cpu:1 or fewer"));
  EXPECT_THAT(std::string(ShareProcessors({0}, {{}}, 1).status().message()),
              HasSubstr("leave it out"));
}

}  // namespace
}  // namespace kur::server
