#ifndef KUR_CLIENT_OUTPUT_TERMINAL_H_
#define KUR_CLIENT_OUTPUT_TERMINAL_H_

#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "client/environment.h"

namespace kur::client {

enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue };

// An output stream for people and its features. Does not own the stream. Not thread-safe.
class Terminal {
 public:
  struct Features {
    bool interactive = false;  // lines can be redrawn
    bool color = false;
    bool unicode = false;
    // Returns the current width in columns; 0 for a file or a pipe, which have no limit.
    std::function<int()> width = [] { return 0; };
  };

  Terminal(std::ostream& stream, Features features)
      : stream_(stream), features_(std::move(features)) {}

  // Detects the features of a file descriptor. Respects NO_COLOR, TERM=dumb and the locale.
  static Features Detect(int fd, const Environment& environment);

  // Returns false once a write has failed.
  bool good() const;

  // Writes and flushes.
  void Write(absl::string_view text);
  void WriteLine(absl::string_view text);

  // Returns `text` in the style, or unchanged if the stream has no colors.
  std::string Styled(Style style, absl::string_view text) const;

  bool interactive() const { return features_.interactive; }
  bool color() const { return features_.color; }
  bool unicode() const { return features_.unicode; }
  int width() const { return features_.width(); }

 private:
  std::ostream& stream_;
  const Features features_;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_TERMINAL_H_
