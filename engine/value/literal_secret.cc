#include "engine/value/literal_secret.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace kur {
namespace {

// How a token begins, and how many characters follow at least.
struct TokenKind {
  absl::string_view prefix;
  size_t least;
  const char* what;
};

constexpr std::array<TokenKind, 16> kTokens = {{
    {"xoxb-", 10, "a token of Slack"},
    {"xoxp-", 10, "a token of Slack"},
    {"xoxa-", 10, "a token of Slack"},
    {"xapp-", 10, "a token of Slack"},
    {"ghp_", 20, "a token of GitHub"},
    {"gho_", 20, "a token of GitHub"},
    {"ghs_", 20, "a token of GitHub"},
    {"ghu_", 20, "a token of GitHub"},
    {"github_pat_", 20, "a token of GitHub"},
    {"glpat-", 16, "a token of GitLab"},
    {"hf_", 20, "a token of Hugging Face"},
    {"AKIA", 16, "an access key of AWS"},
    {"ASIA", 16, "an access key of AWS"},
    {"AIza", 30, "an API key of Google"},
    {"ya29.", 20, "a token of Google"},
    {"sk-", 20, "an API key"},
}};

// What the addresses of webhooks have before the part that only who may post knows.
constexpr std::array<absl::string_view, 4> kWebhooks = {
    "hooks.slack.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/",
    ".webhook.office.com/"};
constexpr size_t kLeastWebhookPath = 8;

// Parameters of URLs that let in who knows them, and how long a value is at least.
struct Parameter {
  absl::string_view name;
  size_t least;
};
constexpr std::array<Parameter, 12> kParameters = {{{"token", 8},
                                                    {"access_token", 8},
                                                    {"auth", 8},
                                                    {"password", 4},
                                                    {"secret", 8},
                                                    {"sig", 8},
                                                    {"signature", 8},
                                                    {"x-amz-signature", 8},
                                                    {"x-goog-signature", 8},
                                                    {"api_key", 8},
                                                    {"apikey", 8},
                                                    {"key", 16}}};

bool IsTokenCharacter(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.'; }
bool EndsUrl(char c) { return absl::ascii_isspace(c) || absl::StrContains("\"'<>`", c); }

// Words of people have neither digits nor capitals in them.
bool LooksRandom(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(c) || absl::ascii_isupper(c); });
}

template <class Predicate>
size_t EndOf(absl::string_view text, size_t begin, Predicate belongs) {
  while (begin < text.size() && belongs(text[begin])) ++begin;
  return begin;
}

class Finder {
 public:
  explicit Finder(absl::string_view text) : text_(text) {}

  std::vector<LiteralSecret> Find() {
    FindPrivateKey();
    for (const TokenKind& kind : kTokens) FindTokens(kind);
    for (const absl::string_view host : kWebhooks) FindWebhooks(host);
    for (size_t at = text_.find("://"); at != text_.npos;) {
      at = text_.find("://", FindInUrl(at + 3));
    }
    return JoinOverlapping();
  }

 private:
  // Each Find goes on behind what it has looked at, so that its time is linear in the text's size.

  // What a template gives is not known here.
  void Add(size_t begin, size_t end, const char* what) {
    if (absl::StrContains(text_.substr(begin, end - begin), "{{")) return;
    found_.push_back({begin, end - begin, what});
  }

  std::vector<LiteralSecret> JoinOverlapping() {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const auto& a, const auto& b) { return a.begin < b.begin; });
    std::vector<LiteralSecret> joined;
    for (const LiteralSecret& secret : found_) {
      if (joined.empty() || joined.back().begin + joined.back().size <= secret.begin) {
        joined.push_back(secret);
      } else {
        LiteralSecret& last = joined.back();
        last.size = std::max(last.size, secret.begin + secret.size - last.begin);
      }
    }
    return joined;
  }

  void FindPrivateKey() {
    const size_t begin = text_.find("-----BEGIN ");
    if (begin == text_.npos) return;
    const size_t label = text_.find("PRIVATE KEY-----", begin);
    if (label == text_.npos || text_.substr(begin, label - begin).find('\n') != text_.npos) return;
    Add(begin, text_.size(), "a private key");
  }

  void FindTokens(const TokenKind& kind) {
    size_t end = 0;
    for (size_t at = text_.find(kind.prefix); at != text_.npos; at = text_.find(kind.prefix, end)) {
      const size_t tail = at + kind.prefix.size();
      end = tail;
      if (at > 0 && (absl::ascii_isalnum(text_[at - 1]) || text_[at - 1] == '_')) continue;
      end = EndOf(text_, tail, IsTokenCharacter);
      if (end - tail < kind.least || !LooksRandom(text_.substr(tail, end - tail))) continue;
      Add(at, end, kind.what);
    }
  }

  void FindWebhooks(absl::string_view host) {
    size_t end = 0;
    for (size_t at = text_.find(host); at != text_.npos; at = text_.find(host, end)) {
      const size_t begin = at + host.size();
      end = EndOf(text_, begin, [](char c) { return !EndsUrl(c); });
      if (end - begin >= kLeastWebhookPath) Add(begin, end, "the address of a webhook");
    }
  }

  // Returns where the URL ends. `begin` is behind its "://".
  size_t FindInUrl(size_t begin) {
    const size_t end = EndOf(text_, begin, [](char c) { return !EndsUrl(c); });
    const absl::string_view url = text_.substr(begin, end - begin);
    const absl::string_view authority = url.substr(0, url.find_first_of("/?#"));
    const size_t at = authority.rfind('@');
    const size_t colon = authority.find(':');
    if (at != authority.npos && colon < at && at - colon > 1) {
      Add(begin + colon + 1, begin + at, "the password of a URL");
    }
    size_t next = 0;
    for (size_t mark = url.find_first_of("?&"); mark != url.npos; mark = next) {
      next = url.find_first_of("?&#", mark + 1);
      FindInParameter(begin + mark + 1, begin + std::min(next, url.size()));
    }
    return end;
  }

  void FindInParameter(size_t begin, size_t end) {
    const absl::string_view parameter = text_.substr(begin, end - begin);
    const size_t equals = parameter.find('=');
    if (equals == parameter.npos) return;
    for (const Parameter& known : kParameters) {
      if (!absl::EqualsIgnoreCase(parameter.substr(0, equals), known.name)) continue;
      if (parameter.size() - equals - 1 < known.least) continue;
      Add(begin + equals + 1, begin + parameter.size(), "a key in the parameters of a URL");
    }
  }

  const absl::string_view text_;
  std::vector<LiteralSecret> found_;
};

}  // namespace

std::vector<LiteralSecret> FindLiteralSecrets(absl::string_view text) {
  return Finder(text).Find();
}

std::string MaskLiteralSecrets(absl::string_view text) {
  std::string masked(text);
  for (const LiteralSecret& secret : FindLiteralSecrets(text)) {
    std::fill_n(masked.begin() + static_cast<std::ptrdiff_t>(secret.begin), secret.size, '*');
  }
  return masked;
}

}  // namespace kur
