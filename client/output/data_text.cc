#include "client/output/data_text.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/format.h"
#include "client/output/live_area.h"
#include "client/output/table.h"
#include "client/output/text.h"

namespace kur::client {
namespace {

// The number of classes that get a line of their own.
constexpr int kListedClasses = 20;
constexpr int kBarWidth = 24;
// Columns between two pictures side by side.
constexpr int kGap = 2;
constexpr int kWidthOfPipe = 100;
constexpr int kShownValues = 6;
constexpr int kWidthOfText = 60;
// The minimum width of the caption below a picture.
constexpr int kCaptionWidth = 12;
constexpr int kNumberWidth = 8;

std::string UseText(const v1::SourceInspected& source) {
  if (source.is_input()) return source.is_truth() ? "input, truth" : "input";
  return source.is_truth() ? "truth" : "unused";
}

std::string ShapeText(const v1::SourceInspected& source) {
  std::vector<std::string> extents;
  for (const int64_t extent : source.shape()) {
    extents.push_back(extent >= 0 ? absl::StrCat(extent)
                                  : absl::StrCat(source.shortest(), "-", source.longest()));
  }
  return absl::StrJoin(extents, " x ");
}

std::string ValuesText(const v1::SourceInspected& source) {
  switch (source.values()) {
    case v1::SourceInspected::VALUES_ONE_HOT:
      return "one-hot";
    case v1::SourceInspected::VALUES_INTEGER:
      return "integers";
    default:
      return "numbers";
  }
}

std::string SourcesText(const v1::DataInspected& data, const Terminal& terminal) {
  Table table({{"SOURCE"},
               {"USE"},
               {"SHAPE"},
               {"VALUES"},
               {"MINIMUM", Table::Align::kRight},
               {"MAXIMUM", Table::Align::kRight},
               {"MEAN", Table::Align::kRight},
               {"DEVIATION", Table::Align::kRight}});
  for (const v1::SourceInspected& source : data.sources()) {
    table.Add({source.name(), UseText(source), ShapeText(source), ValuesText(source),
               HumanNumber(source.minimum()), HumanNumber(source.maximum()),
               HumanNumber(source.mean()), HumanNumber(source.deviation())});
  }
  return table.Render(terminal);
}

// Returns a table of the frequency of each class, the most frequent first.
std::string ClassesText(const v1::SourceInspected& source, const Terminal& terminal) {
  std::vector<v1::ClassCount> classes(source.classes().begin(), source.classes().end());
  if (classes.size() < 2) return "";
  std::stable_sort(classes.begin(), classes.end(),
                   [](const auto& a, const auto& b) { return a.count() > b.count(); });
  double total = 0;
  for (const v1::ClassCount& one : classes) total += static_cast<double>(one.count());
  const auto most = static_cast<double>(std::max<int64_t>(classes.front().count(), 1));
  Table table({{absl::StrCat("CLASS OF ", source.name())},
               {"COUNT", Table::Align::kRight},
               {"SHARE", Table::Align::kRight},
               {""}});
  const auto listed = std::min<size_t>(classes.size(), kListedClasses);
  for (size_t i = 0; i < listed; ++i) {
    const auto count = static_cast<double>(classes[i].count());
    const Bar bar = MakeBar(count / most, kBarWidth, terminal);
    table.Add({classes[i].name().empty() ? "\"\"" : classes[i].name(),
               HumanCount(classes[i].count()),
               HumanPercent(count / std::max(total, 1.0)),
               {bar.done + bar.rest, Style::kGreen}});
  }
  std::string text = table.Render(terminal);
  if (listed < classes.size()) {
    absl::StrAppend(&text, "and ", classes.size() - listed, " more; the rarest, ",
                    Printable(classes.back().name()), ", ", HumanCount(classes.back().count()),
                    " times\n");
  }
  return text;
}

std::string SampleText(const v1::SamplePreview& sample) {
  if (!sample.text().empty()) return Truncate(Printable(sample.text()), kWidthOfText);
  std::vector<std::string> values;
  for (const float value : sample.values()) {
    if (values.size() == kShownValues) break;
    values.push_back(HumanNumber(value));
  }
  double count = 1;
  for (const int64_t extent : sample.shape()) count *= static_cast<double>(extent);
  const bool more = count > static_cast<double>(values.size());
  return absl::StrCat(absl::StrJoin(values, " "), more ? " ..." : "");
}

// Returns the nearest color of the palette of 256 colors: one of 24 grays, or one of a cube of 6 x
// 6 x 6.
int PaletteColor(const uint8_t* pixel, int channels) {
  constexpr int kGrays = 24, kFirstGray = 232, kCube = 6, kFirstOfCube = 16, kWhite = 255;
  if (channels == 1) return kFirstGray + (pixel[0] * (kGrays - 1) + kWhite / 2) / kWhite;
  int color = 0;
  for (int i = 0; i < 3; ++i) {
    color = color * kCube + (pixel[i] * (kCube - 1) + kWhite / 2) / kWhite;
  }
  return kFirstOfCube + color;
}

int Brightness(const uint8_t* pixel, int channels) {
  int sum = 0;
  for (int i = 0; i < channels; ++i) sum += pixel[i];
  return sum / channels;
}

bool IsValid(const v1::Picture& picture) {
  const auto pixels = static_cast<int64_t>(picture.height()) * picture.width();
  return picture.height() > 0 && picture.width() > 0 &&
         (picture.channels() == 1 || picture.channels() == 3) &&
         static_cast<int64_t>(picture.pixels().size()) == pixels * picture.channels();
}

// Lays out blocks of lines side by side, as many a row as fit into the width. Not thread-safe.
class PictureGrid {
 public:
  explicit PictureGrid(int width) : width_(width) {}

  void Add(std::vector<std::string> lines, int columns) {
    if (used_ > 0 && used_ + kGap + columns > width_) EndRow();
    const int before = used_ > 0 ? used_ + kGap : 0;
    if (lines.size() > row_.size()) row_.resize(lines.size());
    for (size_t i = 0; i < lines.size(); ++i) {
      const int given = DisplayWidth(row_[i]);
      absl::StrAppend(&row_[i], std::string(static_cast<size_t>(before - given), ' '), lines[i]);
    }
    used_ = before + columns;
  }

  std::string Finish() {
    EndRow();
    return std::move(text_);
  }

 private:
  void EndRow() {
    for (const std::string& line : row_) absl::StrAppend(&text_, line, "\n");
    row_.clear();
    used_ = 0;
  }

  const int width_;
  std::string text_;
  std::vector<std::string> row_;
  int used_ = 0;  // columns of the row
};

// Draws the pictures of a source, each above the number of its sample and its truth.
std::string PicturesText(const v1::DataInspected& data, const v1::SourceInspected& source,
                         const Terminal& terminal) {
  PictureGrid grid(terminal.width() > 0 ? terminal.width() : kWidthOfPipe);
  for (int i = 0; i < source.samples_size(); ++i) {
    const v1::SamplePreview& sample = source.samples(i);
    if (!IsValid(sample.picture())) continue;
    std::vector<std::string> lines = DrawPicture(sample.picture(), terminal);
    std::string caption = absl::StrCat(sample.index());
    for (const v1::SourceInspected& other : data.sources()) {
      if (!other.is_truth() || other.samples_size() <= i) continue;
      absl::StrAppend(&caption, ": ", SampleText(other.samples(i)));
    }
    const int columns = std::max(sample.picture().width(), kCaptionWidth + kNumberWidth);
    lines.push_back(terminal.Styled(Style::kDim, Truncate(caption, columns)));
    grid.Add(std::move(lines), columns);
  }
  return grid.Finish();
}

bool HasPictures(const v1::SourceInspected& source) {
  return std::any_of(source.samples().begin(), source.samples().end(),
                     [](const v1::SamplePreview& sample) { return IsValid(sample.picture()); });
}

// Returns whether the text of each sample is short enough to be the caption of a picture.
bool FitsCaption(const v1::SourceInspected& source) {
  return std::all_of(source.samples().begin(), source.samples().end(),
                     [](const v1::SamplePreview& sample) {
                       return DisplayWidth(SampleText(sample)) <= kCaptionWidth;
                     });
}

// Returns a table of the samples of all sources without pictures, a line a sample.
std::string SamplesText(const v1::DataInspected& data, const Terminal& terminal) {
  std::vector<Table::Column> columns = {{"SAMPLE", Table::Align::kRight}};
  std::vector<const v1::SourceInspected*> shown;
  const bool has_pictures = std::any_of(data.sources().begin(), data.sources().end(), HasPictures);
  for (const v1::SourceInspected& source : data.sources()) {
    if (HasPictures(source) || source.samples().empty()) continue;
    // The captions of the pictures say that.
    if (has_pictures && source.is_truth() && FitsCaption(source)) continue;
    columns.push_back({source.name()});
    shown.push_back(&source);
  }
  if (shown.empty()) return "";
  Table table(columns);
  for (int i = 0; i < shown.front()->samples_size(); ++i) {
    std::vector<Table::Cell> row = {HumanCount(shown.front()->samples(i).index())};
    for (const v1::SourceInspected* source : shown) {
      row.emplace_back(i < source->samples_size() ? SampleText(source->samples(i)) : "");
    }
    table.Add(std::move(row));
  }
  return table.Render(terminal);
}

std::string FindingText(const v1::LogLine& finding, const Terminal& terminal) {
  const bool error = finding.level() == v1::LogLine::LEVEL_ERROR;
  return absl::StrCat(
      error ? terminal.Styled(Style::kRed, "error:") : terminal.Styled(Style::kYellow, "warning:"),
      " ", Printable(finding.text()), "\n");
}

}  // namespace

std::vector<std::string> DrawPicture(const v1::Picture& picture, const Terminal& terminal) {
  std::vector<std::string> lines;
  if (!IsValid(picture)) return lines;
  const auto* const pixels = reinterpret_cast<const uint8_t*>(picture.pixels().data());
  const auto pixel = [&](int row, int column) {
    return pixels + static_cast<ptrdiff_t>(row * picture.width() + column) * picture.channels();
  };
  const bool colors = terminal.color() && terminal.unicode();
  for (int row = 0; row < picture.height(); row += 2) {
    // The characters of a terminal are about twice as high as wide.
    const int below = std::min(row + 1, picture.height() - 1);
    std::string line;
    for (int column = 0; column < picture.width(); ++column) {
      const uint8_t* const upper = pixel(row, column);
      const uint8_t* const lower = pixel(below, column);
      if (colors) {
        absl::StrAppend(&line, "\x1b[38;5;", PaletteColor(upper, picture.channels()), ";48;5;",
                        PaletteColor(lower, picture.channels()), "m▀");
      } else {
        constexpr absl::string_view kShades = " .:-=+*#%@";
        const int mean =
            (Brightness(upper, picture.channels()) + Brightness(lower, picture.channels())) / 2;
        line += kShades[static_cast<size_t>(mean) * kShades.size() / 256];
      }
    }
    if (colors) line += "\x1b[0m";
    lines.push_back(std::move(line));
  }
  return lines;
}

bool HasErrors(const v1::DataInspected& data) {
  return std::any_of(data.findings().begin(), data.findings().end(), [](const v1::LogLine& line) {
    return line.level() == v1::LogLine::LEVEL_ERROR;
  });
}

std::string RenderData(const v1::DataInspected& data, const Terminal& terminal) {
  std::string name = Printable(data.section());
  if (!data.set().empty()) absl::StrAppend(&name, " ", Printable(data.set()));
  std::string text = absl::StrCat(terminal.Styled(Style::kBold, name), ": ",
                                  HumanCount(data.samples()), " samples\n");
  std::vector<std::string> parts;
  if (!data.sources().empty()) parts.push_back(SourcesText(data, terminal));
  for (const v1::SourceInspected& source : data.sources()) {
    parts.push_back(ClassesText(source, terminal));
  }
  for (const v1::SourceInspected& source : data.sources()) {
    parts.push_back(PicturesText(data, source, terminal));
  }
  parts.push_back(SamplesText(data, terminal));
  std::string findings;
  for (const v1::LogLine& finding : data.findings()) findings += FindingText(finding, terminal);
  parts.push_back(findings);
  parts.erase(std::remove(parts.begin(), parts.end(), ""), parts.end());
  absl::StrAppend(&text, absl::StrJoin(parts, "\n"));
  return text;
}

}  // namespace kur::client
