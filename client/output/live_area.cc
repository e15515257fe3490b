#include "client/output/live_area.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/output/text.h"

namespace kur::client {
namespace {

constexpr absl::Duration kFrameInterval = absl::Milliseconds(100);

std::string Repeated(absl::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) absl::StrAppend(&out, text);
  return out;
}

}  // namespace

void LiveArea::Print(absl::string_view line) {
  if (lines_.empty()) return terminal_.WriteLine(line);
  std::string out = absl::StrCat(Rewind(), line, "\n");
  for (const std::string& live : lines_) absl::StrAppend(&out, live, "\n");
  terminal_.Write(out);
}

bool LiveArea::IsDue() const {
  return terminal_.interactive() && clock_.Now() - drawn_ >= kFrameInterval;
}

void LiveArea::Update(const std::vector<std::string>& lines) {
  if (!terminal_.interactive()) return;
  drawn_ = clock_.Now();
  std::string out = Rewind();
  lines_.clear();
  for (const std::string& line : lines) {
    // Some terminals wrap a line that fills the last column.
    lines_.push_back(terminal_.width() > 1 ? Truncate(line, terminal_.width() - 1) : line);
    absl::StrAppend(&out, lines_.back(), "\n");
  }
  terminal_.Write(out);
}

void LiveArea::Clear() {
  if (lines_.empty()) return;
  terminal_.Write(Rewind());
  lines_.clear();
}

std::string LiveArea::Rewind() const {
  if (lines_.empty()) return "";
  return absl::StrCat("\x1b[", lines_.size(), "F\x1b[J");
}

Bar MakeBar(double fraction, int width, const Terminal& terminal) {
  const double done = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0;
  if (!terminal.unicode()) {
    const int full = static_cast<int>(std::floor(done * width + 1e-9));
    return {std::string(full, '#'), std::string(width - full, '-')};
  }
  const int halves = static_cast<int>(std::floor(done * width * 2 + 1e-9));
  const int full = halves / 2;
  const int half = halves % 2;
  return {absl::StrCat(Repeated("━", full), half == 1 ? "╸" : ""),
          Repeated("─", width - full - half)};
}

std::string RenderBar(double fraction, int width, const Terminal& terminal) {
  const Bar bar = MakeBar(fraction, width, terminal);
  if (!terminal.unicode()) return bar.done + bar.rest;
  return terminal.Styled(Style::kGreen, bar.done) + terminal.Styled(Style::kDim, bar.rest);
}

}  // namespace kur::client
