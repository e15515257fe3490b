#ifndef KUR_CLIENT_OUTPUT_LIVE_AREA_H_
#define KUR_CLIENT_OUTPUT_LIVE_AREA_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/clock.h"
#include "client/output/terminal.h"

namespace kur::client {

// The last few lines of a terminal, drawn anew as things move, below lines that stay. On a stream
// that cannot redraw only the lines that stay are written. Not thread-safe. The destructor removes
// what is live.
class LiveArea {
 public:
  // Both must outlive the area.
  LiveArea(Terminal& terminal, Clock& clock) : terminal_(terminal), clock_(clock) {}
  ~LiveArea() { Clear(); }

  LiveArea(const LiveArea&) = delete;
  LiveArea& operator=(const LiveArea&) = delete;

  // Adds a line that stays.
  void Print(absl::string_view line);

  // True if Update() would draw now: at most ten times a second are worth the work.
  bool IsDue() const;

  // Shows `lines` in place of the live lines so far, each cut to the terminal's width.
  void Update(const std::vector<std::string>& lines);

  // Removes the live lines.
  void Clear();

 private:
  // What moves the cursor to the start of the first live line and clears from there.
  std::string Rewind() const;

  Terminal& terminal_;
  Clock& clock_;
  std::vector<std::string> lines_;  // as they stand on the screen
  absl::Time drawn_ = absl::InfinitePast();
};

// "━━━━━━━╸      " in `width` columns (or "#####-----" without Unicode) for a fraction in [0, 1].
std::string RenderBar(double fraction, int width, const Terminal& terminal);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_LIVE_AREA_H_
