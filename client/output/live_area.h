#ifndef KUR_CLIENT_OUTPUT_LIVE_AREA_H_
#define KUR_CLIENT_OUTPUT_LIVE_AREA_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/clock.h"
#include "client/output/terminal.h"

namespace kur::client {

// Draws live lines at the bottom of a terminal, below permanent lines. Writes only the permanent
// lines to a stream that cannot redraw. The destructor removes the live lines. Not thread-safe.
class LiveArea {
 public:
  // `terminal` and `clock` must outlive the area.
  LiveArea(Terminal& terminal, Clock& clock) : terminal_(terminal), clock_(clock) {}
  ~LiveArea() { Clear(); }

  LiveArea(const LiveArea&) = delete;
  LiveArea& operator=(const LiveArea&) = delete;

  // Writes a permanent line.
  void Print(absl::string_view line);

  // Returns whether Update() should be called now: at most ten times a second on a terminal, never
  // on another stream.
  bool IsDue() const;

  // Replaces the live lines by `lines`, each cut to the width of the terminal.
  void Update(const std::vector<std::string>& lines);

  // Removes the live lines.
  void Clear();

 private:
  // Returns the escape sequence that moves the cursor to the first live line and clears from there.
  std::string Rewind() const;

  Terminal& terminal_;
  Clock& clock_;
  std::vector<std::string> lines_;  // the live lines on the screen
  absl::Time drawn_ = absl::InfinitePast();
};

// The two parts of a bar, without style: "━━━━━╸" and "────", or "#####" and "-----" without
// Unicode.
struct Bar {
  std::string done;
  std::string rest;
};

// Makes a bar of `width` columns for a fraction in [0, 1].
Bar MakeBar(double fraction, int width, const Terminal& terminal);

// Renders a bar in color.
std::string RenderBar(double fraction, int width, const Terminal& terminal);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_LIVE_AREA_H_
