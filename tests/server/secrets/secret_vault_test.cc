#include "server/secrets/secret_vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;

class SecretVaultTest : public ::testing::Test {
 protected:
  SecretVaultTest() { Open("key"); }

  // As a kurd that is started with the key of that file; "": without one.
  void Open(const std::string& key) {
    vault_.reset();
    store_.reset();
    database_.reset();
    database_ = *StateDatabase::Open(directory_.File("kurd.db"));
    store_ = std::make_unique<SecretStore>(*database_);
    SecretVault::Options options;
    options.key_path = key.empty() ? "" : keys_.File(key);
    options.now = [this] { return now_; };
    auto vault = SecretVault::Open(*store_, options);
    ASSERT_THAT(vault, IsOk());
    vault_ = *std::move(vault);
  }

  absl::Status Set(const std::string& user, const std::string& name, const std::string& value) {
    v1::SetSecretRequest request;
    request.set_name(name);
    request.set_value(value);
    return vault_->Set(user, request);
  }

  static v1::SecretUse Use(const std::string& name, const std::string& url = "") {
    v1::SecretUse use;
    use.set_name(name);
    use.set_url(url);
    return use;
  }

  absl::StatusOr<v1::WorkerSecrets> Reveal(const std::string& user,
                                           const std::vector<v1::SecretUse>& uses) {
    return vault_->Reveal(user, {uses.begin(), uses.end()}, "cifar-1");
  }

  // The value; or what is wrong.
  std::string ValueOf(const std::string& user, const std::string& name) {
    const auto secrets = Reveal(user, {Use(name)});
    return secrets.ok() ? secrets->secrets(0).value() : std::string(secrets.status().message());
  }

  std::vector<std::string> Names(const std::string& user) {
    std::vector<std::string> names;
    const auto list = vault_->List(user);
    for (const v1::Secret& secret : list->secrets()) names.push_back(secret.name());
    return names;
  }

  const TemporaryDirectory directory_;
  const TemporaryDirectory keys_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<StateDatabase> database_;
  std::unique_ptr<SecretStore> store_;
  std::unique_ptr<SecretVault> vault_;
};

TEST_F(SecretVaultTest, KeepsWhatAUserHasSet) {
  ASSERT_THAT(Set("ann", "TOKEN", "hush, hush"), IsOk());
  ASSERT_THAT(Set("ann", "OTHER", "quiet, quiet"), IsOk());
  Open("key");
  EXPECT_THAT(Names("ann"), ElementsAre("OTHER", "TOKEN"));
  EXPECT_EQ(ValueOf("ann", "TOKEN"), "hush, hush");
  ASSERT_THAT(Set("ann", "TOKEN", "another one"), IsOk());
  EXPECT_EQ(ValueOf("ann", "TOKEN"), "another one");
  ASSERT_THAT(vault_->Delete("ann", "TOKEN"), IsOk());
  EXPECT_THAT(ValueOf("ann", "TOKEN"), HasSubstr("`kurctl secret set TOKEN`"));
  EXPECT_TRUE(absl::IsNotFound(vault_->Delete("ann", "TOKEN")));
}

TEST_F(SecretVaultTest, AnothersSecretIsNotThere) {
  ASSERT_THAT(Set("ann", "TOKEN", "what ann knows"), IsOk());
  EXPECT_THAT(Names("bob"), IsEmpty());
  EXPECT_EQ(vault_->Check("bob", "TOKEN").code(), kPrecondition);
  EXPECT_TRUE(absl::IsNotFound(vault_->Delete("bob", "TOKEN")));
  ASSERT_THAT(Set("bob", "TOKEN", "what bob knows"), IsOk());
  EXPECT_EQ(ValueOf("ann", "TOKEN"), "what ann knows");
  EXPECT_EQ(ValueOf("bob", "TOKEN"), "what bob knows");
}

TEST_F(SecretVaultTest, NoFileHasAValue) {
  ASSERT_THAT(Set("ann", "TOKEN", "hush, hush"), IsOk());
  for (const char* const file : {"kurd.db", "kurd.db-wal"}) {
    EXPECT_THAT(directory_.Read(file), Not(HasSubstr("hush"))) << file;
  }
  EXPECT_THAT(directory_.Read("kurd.db-wal"), HasSubstr("TOKEN"));
}

TEST_F(SecretVaultTest, GivesAJobWhatItUsesAndForWhat) {
  ASSERT_THAT(Set("ann", "TOKEN", "hush, hush"), IsOk());
  ASSERT_THAT(Set("ann", "HOOK", "https://hooks.example/x"), IsOk());
  ASSERT_THAT(Set("ann", "UNUSED", "not for this job"), IsOk());
  now_ += absl::Hours(1);
  const auto secrets = Reveal(
      "ann", {Use("TOKEN", "https://e.org/a"), Use("HOOK"), Use("TOKEN", "https://e.org/b")});
  ASSERT_THAT(secrets, IsOk());
  ASSERT_EQ(secrets->secrets_size(), 2);
  EXPECT_EQ(secrets->secrets(0).value(), "hush, hush");
  EXPECT_THAT(secrets->secrets(0).login_urls(), ElementsAre("https://e.org/a", "https://e.org/b"));
  EXPECT_FALSE(secrets->secrets(0).is_url());
  EXPECT_TRUE(secrets->secrets(1).is_url());
  const auto list = vault_->List("ann");
  EXPECT_EQ(list->secrets(1).used_by(), "cifar-1");
  EXPECT_EQ(list->secrets(1).used_at().seconds() - list->secrets(1).set_at().seconds(), 3600);
  EXPECT_FALSE(list->secrets(2).has_used_at());
}

TEST_F(SecretVaultTest, WhatCanBeNoNameOrValueIsRefusedAndNotRepeated) {
  for (const std::string& name : {std::string(), std::string("1a"), std::string("a b"),
                                  std::string("xoxb-1 hush"), std::string(65, 'a')}) {
    const absl::Status refused = Set("ann", name, "hush, hush");
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << name;
    EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("hush")));
  }
  for (const std::string& value :
       {std::string("hush"), std::string("hush\r\nEvil: header"), std::string("hush, hush\n"),
        std::string(4097, 'x'), std::string("hush, hu\0sh", 11)}) {
    const absl::Status refused = Set("ann", "TOKEN", value);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << value.size();
    EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("hush")));
  }
  EXPECT_THAT(Set("ann", "TOKEN", std::string(4096, 'x')), IsOk());
  EXPECT_THAT(Set("ann", "UMLAUT", "süß und geheim"), IsOk());
}

TEST_F(SecretVaultTest, AUserHasOnlySoMany) {
  for (int i = 0; i < kMaxSecretsOfUser; ++i) {
    ASSERT_THAT(Set("ann", absl::StrCat("S", i), "hush, hush"), IsOk());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(Set("ann", "MORE", "hush, hush")));
  EXPECT_THAT(Set("ann", "S0", "another one"), IsOk());
  EXPECT_THAT(Set("bob", "MORE", "hush, hush"), IsOk());
}

TEST_F(SecretVaultTest, WithoutAKeyNothingIsStored) {
  Open("");
  const absl::Status refused = Set("ann", "TOKEN", "hush, hush");
  EXPECT_EQ(refused.code(), kPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--secrets-key FILE"));
  EXPECT_THAT(Names("ann"), IsEmpty());
}

TEST_F(SecretVaultTest, TheFirstSecretMakesTheKey) {
  EXPECT_EQ(keys_.Read("key"), "(missing)");
  ASSERT_THAT(Set("ann", "TOKEN", "hush, hush"), IsOk());
  EXPECT_EQ(keys_.Read("key").size(), 64u);
}

TEST_F(SecretVaultTest, AnotherKeyLosesNothing) {
  ASSERT_THAT(Set("ann", "TOKEN", "hush, hush"), IsOk());
  // The file is gone: no key takes its place.
  Open("lost");
  const absl::Status refused = Set("ann", "MORE", "hush, hush");
  EXPECT_EQ(refused.code(), kPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("the operator puts it back"));
  EXPECT_THAT(std::string(refused.message()), Not(HasSubstr(keys_.File("lost"))));
  EXPECT_EQ(vault_->Check("ann", "TOKEN").code(), kPrecondition);
  EXPECT_EQ(keys_.Read("lost"), "(missing)");
  // It is another one.
  keys_.Write("other", std::string(64, 'a'));
  ASSERT_EQ(chmod(keys_.File("other").c_str(), 0600), 0);
  Open("other");
  EXPECT_EQ(vault_->Check("ann", "TOKEN").code(), kPrecondition);
  EXPECT_THAT(ValueOf("ann", "TOKEN"), HasSubstr("was encrypted with the key "));
  EXPECT_TRUE(vault_->List("ann")->secrets(0).unreadable());
  ASSERT_THAT(Set("ann", "MORE", "with the other"), IsOk());
  EXPECT_EQ(ValueOf("ann", "MORE"), "with the other");
  // The first one is back.
  Open("key");
  EXPECT_EQ(ValueOf("ann", "TOKEN"), "hush, hush");
  EXPECT_FALSE(vault_->List("ann")->secrets(1).unreadable());
}

TEST_F(SecretVaultTest, ASecretMovedToAnotherUserCannotBeRead) {
  ASSERT_THAT(Set("ann", "TOKEN", "hush, hush"), IsOk());
  ASSERT_THAT(database_->Write([](SqlDatabase& database) {
    return database.Execute("UPDATE secrets SET owner = 'bob'");
  }),
              IsOk());
  EXPECT_TRUE(absl::IsDataLoss(Reveal("bob", {Use("TOKEN")}).status()));
}

}  // namespace
}  // namespace kur::server
