#include "engine/base/suggest.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace kur {
namespace {

const std::vector<std::string>& Kinds() {
  static const auto* const kKinds =
      new std::vector<std::string>{"activation", "convolution", "dense", "dropout", "pool"};
  return *kKinds;
}

TEST(NearestTest, FindsWhatWasMeant) {
  EXPECT_EQ(Nearest("dens", Kinds()), "dense");    // left out
  EXPECT_EQ(Nearest("densee", Kinds()), "dense");  // put in
  EXPECT_EQ(Nearest("demse", Kinds()), "dense");   // replaced
  EXPECT_EQ(Nearest("desne", Kinds()), "dense");   // swapped
  EXPECT_EQ(Nearest("DENSE", Kinds()), "dense");   // case is ignored
  EXPECT_EQ(Nearest("convoltuoin", Kinds()), "convolution");
}

TEST(NearestTest, GivesNothingWhenNothingIsNear) {
  EXPECT_EQ(Nearest("recurrent", Kinds()), "");
  EXPECT_EQ(Nearest("den", {"pool"}), "");
  EXPECT_EQ(Nearest("", Kinds()), "");
  EXPECT_EQ(Nearest("dense", {}), "");
  EXPECT_EQ(Nearest("ab", {"cd"}), "");
}

TEST(NearestTest, PrefersTheNearest) {
  EXPECT_EQ(Nearest("pooling", {"polling", "pooling", "pool"}), "pooling");
  EXPECT_EQ(Nearest("abcdeg", {"abcxyg", "abcdef"}), "abcdef");
}

TEST(NearestTest, IsNotLedAstrayByEndlessWords) {
  const std::string endless(100'000, 'a');
  EXPECT_EQ(Nearest(endless, {endless}), "");
  EXPECT_EQ(Nearest("dense", {endless, "dense"}), "dense");
}

TEST(DidYouMeanTest, AsksOnlyWhenThereIsSomethingToAsk) {
  EXPECT_EQ(DidYouMean("dens", Kinds()), "; did you mean 'dense'?");
  EXPECT_EQ(DidYouMean("recurrent", Kinds()), "");
}

}  // namespace
}  // namespace kur
