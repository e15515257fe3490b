#include "engine/formats/tar_reader.h"

#include <zlib.h>

#include "tests/engine/data/data_test_util.h"
#include "tests/engine/formats/tar_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

std::string Gzip(const std::string& data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string compressed(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  deflate(&stream, Z_FINISH);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  return compressed;
}

// Returns "name=content" of every file, or the error.
absl::StatusOr<std::vector<std::string>> ReadAll(const std::string& data,
                                                 const TarLimits& limits = {}) {
  auto reader = TarReader::FromMemory(data, "a.tar", limits);
  if (!reader.ok()) return reader.status();
  std::vector<std::string> files;
  while (true) {
    auto member = (*reader)->Next();
    if (!member.ok()) return member.status();
    if (!member->has_value()) return files;
    auto content = (*reader)->ReadContent();
    if (!content.ok()) return content.status();
    files.push_back((*member)->name + "=" + *content);
  }
}

TEST(TarReaderTest, ReadsFilesPlainAndCompressed) {
  const std::string tar =
      TarMember("a", "one") + TarMember("b/c", std::string(600, 'x')) + TarEnd();
  EXPECT_THAT(*ReadAll(tar), ElementsAre("a=one", "b/c=" + std::string(600, 'x')));
  EXPECT_THAT(*ReadAll(Gzip(tar)), ElementsAre("a=one", "b/c=" + std::string(600, 'x')));
}

TEST(TarReaderTest, MembersMayBePassedOver) {
  const std::string tar = TarMember("a", std::string(5000, 'y')) + TarMember("b", "two") + TarEnd();
  const auto reader = TarReader::FromMemory(tar, "a.tar");
  ASSERT_TRUE((*reader)->Next().ok());
  const auto second = (*reader)->Next();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->name, "b");
  EXPECT_EQ(*(*reader)->ReadContent(), "two");
}

TEST(TarReaderTest, LinksAndDirectoriesAreNotFiles) {
  const std::string tar = TarMember("d/", "", '5') + TarMember("evil", "", '2') +
                          TarMember("dev", "", '3') + TarMember("../../etc/x", "kept in memory") +
                          TarEnd();
  EXPECT_THAT(*ReadAll(tar), ElementsAre("../../etc/x=kept in memory"));
}

TEST(TarReaderTest, AnArchiveCutAnywhereGivesNothingWrong) {
  const std::string tar = TarMember("a", "one") + TarMember("b", std::string(600, 'x')) + TarEnd();
  const auto whole = *ReadAll(tar);
  for (size_t size = 0; size < tar.size(); ++size) {
    const auto files = ReadAll(tar.substr(0, size));
    if (!files.ok()) continue;
    ASSERT_LE(files->size(), whole.size());
    for (size_t i = 0; i < files->size(); ++i) EXPECT_EQ((*files)[i], whole[i]) << size;
  }
  const std::string compressed = Gzip(tar);
  for (size_t size = 0; size + 8 < compressed.size(); ++size) {
    const auto files = ReadAll(compressed.substr(0, size));
    EXPECT_FALSE(files.ok() && files->size() == whole.size()) << size;
  }
}

TEST(TarReaderTest, WhatIsNoArchiveIsAnError) {
  EXPECT_THAT(ReadAll("this is not an archive at all"), FailsWith(kDataLoss, "a.tar: "));
  EXPECT_THAT(ReadAll(Gzip("nor is this")), FailsWith(kDataLoss, "a.tar: "));
  EXPECT_THAT(TarReader::Open("/nowhere.tar"),
              FailsWith(absl::StatusCode::kNotFound, "/nowhere.tar"));
}

TEST(TarReaderTest, AMemberThatClaimsMoreThanThereIsIsAnError) {
  EXPECT_THAT(ReadAll(TarMember("a", "one", '0', 100'000) + TarEnd()),
              FailsWith(kDataLoss, "a.tar"));
  EXPECT_THAT(ReadAll(TarMember("a", "one", '0', size_t{1} << 32) + TarEnd()),
              FailsWith(kExhausted, "decompression bomb"));
}

TEST(TarReaderTest, MembersAndBytesAreLimited) {
  TarLimits limits;
  limits.max_members = 2;
  const std::string tar =
      TarMember("a", "1") + TarMember("b", "2") + TarMember("c", "3") + TarEnd();
  EXPECT_THAT(ReadAll(tar, limits), FailsWith(kExhausted, "more than 2 members"));
  limits = {};
  limits.max_bytes = 2;
  EXPECT_THAT(ReadAll(tar, limits), FailsWith(kExhausted, "more than 2 bytes"));
}

TEST(TarReaderTest, ADecompressionBombIsRefused) {
  const std::string zeros(size_t{80} << 20, '\0');
  EXPECT_THAT(ReadAll(Gzip(TarMember("zeros", zeros) + TarEnd())),
              FailsWith(kExhausted, "decompression bomb"));
}

}  // namespace
}  // namespace kur
