#include "server/net/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include <string>

#include "tests/server/testing/certificates.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

class TlsFilesTest : public testing::Test {
 protected:
  const Key authority_ = NewKey();
  const Key server_ = NewKey();
  const std::string chain_ = CertificatePem(server_, "server", authority_) +
                             CertificatePem(authority_, "authority", authority_);
  TemporaryDirectory folder_;
  const std::string certificate_file_ = folder_.Write("server.pem", chain_);
  const std::string key_file_ = folder_.Write("server.key", KeyPem(server_));
};

TEST_F(TlsFilesTest, AChainAndItsKeyAreReadAsTheyAre) {
  const auto files = LoadTlsFiles(certificate_file_, key_file_);
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ(files->certificate_chain, chain_);
  EXPECT_EQ(files->private_key, KeyPem(server_));
}

TEST_F(TlsFilesTest, AMissingFileIsNamed) {
  const std::string missing = folder_.File("missing");
  EXPECT_THAT(LoadTlsFiles(missing, key_file_), FailsWith(absl::StatusCode::kNotFound, missing));
  EXPECT_THAT(LoadTlsFiles(certificate_file_, missing),
              FailsWith(absl::StatusCode::kNotFound, missing));
}

TEST_F(TlsFilesTest, AFileThatMayNotBeReadIsNamed) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(certificate_file_.c_str(), 0644), 0);
  ASSERT_EQ(chmod(key_file_.c_str(), 0), 0);
  // Root may read everything, so this thread gives its rights over files up; others keep theirs.
  constexpr uid_t kNobody = 65534;
  const int own = setfsuid(kNobody);
  const auto files = LoadTlsFiles(certificate_file_, key_file_);
  setfsuid(static_cast<uid_t>(own));
  EXPECT_THAT(files, FailsWith(absl::StatusCode::kPermissionDenied, key_file_));
}

TEST_F(TlsFilesTest, TheKeyOfAnotherCertificateIsRefused) {
  const std::string other = folder_.Write("other.key", KeyPem(authority_));
  EXPECT_THAT(LoadTlsFiles(certificate_file_, other),
              FailsWith(absl::StatusCode::kInvalidArgument,
                        other + ": expected the private key of " + certificate_file_));
}

TEST_F(TlsFilesTest, WhatIsNotPemIsRefusedByTheFileAtFault) {
  const std::string text = folder_.Write("text", "no PEM at all\n");
  EXPECT_THAT(LoadTlsFiles(text, key_file_),
              FailsWith(absl::StatusCode::kInvalidArgument, text + ": expected a certificate"));
  EXPECT_THAT(LoadTlsFiles(certificate_file_, text),
              FailsWith(absl::StatusCode::kInvalidArgument, text + ": expected the private key"));
  EXPECT_THAT(
      LoadTlsFiles(key_file_, certificate_file_),
      FailsWith(absl::StatusCode::kInvalidArgument, key_file_ + ": expected a certificate"));
}

TEST_F(TlsFilesTest, ACertificateThatIsCutOffIsRefused) {
  const std::string cut = folder_.Write("cut.pem", chain_.substr(0, chain_.size() - 40));
  EXPECT_THAT(LoadTlsFiles(cut, key_file_),
              FailsWith(absl::StatusCode::kInvalidArgument, cut + ": expected a certificate"));
}

TEST_F(TlsFilesTest, AKeyWithAPassphraseIsRefusedAndNotAskedFor) {
  const std::string locked = folder_.Write("locked.key", KeyPemWithPassphrase(server_));
  EXPECT_THAT(LoadTlsFiles(certificate_file_, locked),
              FailsWith(absl::StatusCode::kInvalidArgument, "without a passphrase"));
}

TEST_F(TlsFilesTest, AFileTooLargeToBePemIsNotReadToItsEnd) {
  const std::string large = folder_.Write("large", std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(LoadTlsFiles(large, key_file_),
              FailsWith(absl::StatusCode::kResourceExhausted, large));
}

}  // namespace
}  // namespace kur::server
