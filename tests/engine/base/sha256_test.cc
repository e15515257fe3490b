#include "engine/base/sha256.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

constexpr char kEmpty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kMillion[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(Sha256Hex(""), kEmpty);
  EXPECT_EQ(Sha256Hex("abc"), kAbc);
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')), kMillion);
}

TEST(Sha256Test, TakesPieces) {
  Sha256 digest;
  digest.Update("a");
  digest.Update("");
  Sha256 moved = std::move(digest);
  moved.Update("bc");
  EXPECT_EQ(moved.Hex(), kAbc);
}

TEST(Sha256Test, ReadsFilesInPieces) {
  const TemporaryDirectory dir;
  EXPECT_EQ(*Sha256OfFile(dir.Write("large", std::string(1'000'000, 'a'))), kMillion);
  EXPECT_EQ(*Sha256OfFile(dir.Write("empty", "")), kEmpty);
  EXPECT_EQ(Sha256OfFile(dir.path() + "/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(Sha256OfFile(dir.path()).ok());
}

TEST(Sha256Test, KnowsADigestWhenItSeesOne) {
  const std::string digest = kAbc;
  EXPECT_TRUE(IsSha256Hex(digest));
  EXPECT_FALSE(IsSha256Hex(digest.substr(1)));
  EXPECT_FALSE(IsSha256Hex(digest + "0"));
  EXPECT_FALSE(IsSha256Hex("B" + digest.substr(1)));
  EXPECT_FALSE(IsSha256Hex("/" + digest.substr(1)));
  EXPECT_FALSE(IsSha256Hex(""));
}

}  // namespace
}  // namespace kur
