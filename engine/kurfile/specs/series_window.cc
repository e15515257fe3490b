#include "engine/kurfile/specs/series_window.h"

#include <algorithm>

namespace kur {
namespace {

const Fields<SeriesWindow>& WindowFields() {
  static const auto* const kFields = new Fields<SeriesWindow>(
      Fields<SeriesWindow>()
          .Required("length", &SeriesWindow::length, "how many rows a sample has", AtLeast(1))
          .Example("24")
          .Optional("stride", &SeriesWindow::stride, "how many rows later the next sample begins",
                    AtLeast(1))
          .Optional("ahead", &SeriesWindow::ahead,
                    "how many rows after its last one the targets of a sample are", AtLeast(0))
          .Optional("targets", &SeriesWindow::targets,
                    "the sources of which a sample has that one row, instead of a window")
          .Example("[temperature]")
          .Optional("series", &SeriesWindow::series,
                    "the column whose change begins another series, where several follow one "
                    "another in a file: no window has rows of two")
          .Example("store"));
  return *kFields;
}

}  // namespace

bool SeriesWindow::IsTarget(const std::string& source) const {
  return std::find(targets.begin(), targets.end(), source) != targets.end();
}

bool FieldTraits<SeriesWindow>::Parse(const Value& value, const std::string& key,
                                      Diagnostics* diagnostics, SeriesWindow* to) {
  return WindowFields().Parse(value, key, diagnostics, to);
}

KeyTable WindowKeys() { return WindowFields().Describe(); }

}  // namespace kur
