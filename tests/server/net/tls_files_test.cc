#include "server/net/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include <memory>
#include <string>

#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key NewKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

// What `write` writes to a BIO.
template <class Write>
std::string Pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(bio.get()), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);  // NOLINT(google-runtime-int)
  return {data, static_cast<size_t>(size)};
}

std::string KeyPem(const Key& key) {
  return Pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string KeyPemWithPassphrase(const Key& key) {
  constexpr unsigned char kPassphrase[] = "swordfish";
  return Pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), EVP_aes_256_cbc(), kPassphrase,
                                    sizeof(kPassphrase) - 1, nullptr, nullptr);
  });
}

// A certificate of `key` for `name`, signed by `signer`.
std::string CertificatePem(const Key& key, const std::string& name, const Key& signer) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  EXPECT_GT(X509_sign(certificate.get(), signer.get(), EVP_sha256()), 0);
  return Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

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
