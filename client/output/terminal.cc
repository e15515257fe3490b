#include "client/output/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kur::client {
namespace {

// Returns the SGR parameter of a style, as ECMA-48 numbers them.
absl::string_view CodeOf(Style style) {
  switch (style) {
    case Style::kBold:
      return "1";
    case Style::kDim:
      return "2";
    case Style::kRed:
      return "31";
    case Style::kGreen:
      return "32";
    case Style::kYellow:
      return "33";
    case Style::kBlue:
      return "34";
    case Style::kPlain:
      break;
  }
  return "";
}

bool IsUtf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = absl::AsciiStrToLower(environment.Get(name));
    if (locale.empty()) continue;
    return absl::StrContains(locale, "utf-8") || absl::StrContains(locale, "utf8");
  }
  return false;
}

int WidthOf(int fd) {
  winsize size = {};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Terminal::Features Terminal::Detect(int fd, const Environment& environment) {
  Features features;
  features.unicode = IsUtf8(environment);
  if (isatty(fd) == 0) return features;
  features.width = [fd] { return WidthOf(fd); };
  const std::string term = environment.Get("TERM");
  features.interactive = !term.empty() && term != "dumb";
  features.color = features.interactive && environment.Get("NO_COLOR").empty();
  return features;
}

bool Terminal::good() const { return stream_.good(); }

void Terminal::Write(absl::string_view text) {
  stream_.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream_.flush();
}

void Terminal::WriteLine(absl::string_view text) { Write(absl::StrCat(text, "\n")); }

std::string Terminal::Styled(Style style, absl::string_view text) const {
  if (!features_.color || style == Style::kPlain || text.empty()) return std::string(text);
  return absl::StrCat("\x1b[", CodeOf(style), "m", text, "\x1b[0m");
}

}  // namespace kur::client
