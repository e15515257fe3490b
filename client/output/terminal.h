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

// A stream for people, and what it can show. Not thread-safe; does not own the stream.
class Terminal {
 public:
  struct Features {
    bool interactive = false;  // lines can be drawn anew
    bool color = false;
    bool unicode = false;
    // The columns that fit now; 0 when there is no limit (a file, a pipe).
    std::function<int()> width = [] { return 0; };
  };

  Terminal(std::ostream& stream, Features features)
      : stream_(stream), features_(std::move(features)) {}

  // What the descriptor can show: NO_COLOR, TERM=dumb and the locale are respected.
  static Features Detect(int fd, const Environment& environment);

  // False once something could not be written.
  bool good() const;

  // Writes at once.
  void Write(absl::string_view text);
  void WriteLine(absl::string_view text);

  // `text` in that style, if the stream has colors.
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
