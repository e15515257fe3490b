#include "engine/data/tar_reader.h"

#include <zlib.h>

#include <cstdio>
#include <cstring>

#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

// A member of a tar archive (POSIX ustar); '0' is a file, '2' a symbolic link, '5' a directory.
std::string Member(const std::string& name, const std::string& content, char type = '0',
                   size_t claimed_size = std::string::npos) {
  std::string header(512, '\0');
  name.copy(&header[0], 100);
  std::memcpy(&header[100], "0000644", 7);
  const size_t size = claimed_size == std::string::npos ? content.size() : claimed_size;
  std::snprintf(&header[124], 12, "%011zo", size);
  std::memcpy(&header[136], "00000000000", 11);
  header[156] = type;
  if (type == '2') std::memcpy(&header[157], "/etc/passwd", 11);
  std::memcpy(&header[257], "ustar\00000", 8);
  std::memset(&header[148], ' ', 8);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(&header[148], 8, "%06o", sum);
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

const std::string& End() {
  static const auto* end = new std::string(1024, '\0');
  return *end;
}

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

// "name=content" of every file, or the error.
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
  const std::string tar = Member("a", "one") + Member("b/c", std::string(600, 'x')) + End();
  EXPECT_THAT(*ReadAll(tar), ElementsAre("a=one", "b/c=" + std::string(600, 'x')));
  EXPECT_THAT(*ReadAll(Gzip(tar)), ElementsAre("a=one", "b/c=" + std::string(600, 'x')));
}

TEST(TarReaderTest, MembersMayBePassedOver) {
  const std::string tar = Member("a", std::string(5000, 'y')) + Member("b", "two") + End();
  const auto reader = TarReader::FromMemory(tar, "a.tar");
  ASSERT_TRUE((*reader)->Next().ok());
  const auto second = (*reader)->Next();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->name, "b");
  EXPECT_EQ(*(*reader)->ReadContent(), "two");
}

TEST(TarReaderTest, LinksAndDirectoriesAreNotFiles) {
  const std::string tar = Member("d/", "", '5') + Member("evil", "", '2') + Member("dev", "", '3') +
                          Member("../../etc/x", "kept in memory") + End();
  EXPECT_THAT(*ReadAll(tar), ElementsAre("../../etc/x=kept in memory"));
}

TEST(TarReaderTest, AnArchiveCutAnywhereGivesNothingWrong) {
  const std::string tar = Member("a", "one") + Member("b", std::string(600, 'x')) + End();
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
  EXPECT_THAT(ReadAll(Member("a", "one", '0', 100'000) + End()), FailsWith(kDataLoss, "a.tar"));
  EXPECT_THAT(ReadAll(Member("a", "one", '0', size_t{1} << 32) + End()),
              FailsWith(kExhausted, "decompression bomb"));
}

TEST(TarReaderTest, MembersAndBytesAreLimited) {
  TarLimits limits;
  limits.max_members = 2;
  const std::string tar = Member("a", "1") + Member("b", "2") + Member("c", "3") + End();
  EXPECT_THAT(ReadAll(tar, limits), FailsWith(kExhausted, "more than 2 members"));
  limits = {};
  limits.max_bytes = 2;
  EXPECT_THAT(ReadAll(tar, limits), FailsWith(kExhausted, "more than 2 bytes"));
}

TEST(TarReaderTest, ADecompressionBombIsRefused) {
  const std::string zeros(size_t{80} << 20, '\0');
  EXPECT_THAT(ReadAll(Gzip(Member("zeros", zeros) + End())),
              FailsWith(kExhausted, "decompression bomb"));
}

}  // namespace
}  // namespace kur
