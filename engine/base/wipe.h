#ifndef KUR_ENGINE_BASE_WIPE_H_
#define KUR_ENGINE_BASE_WIPE_H_

#include <string>

namespace kur {

// Overwrites the bytes of `text`, which the compiler may not leave out, and empties it.
void Wipe(std::string* text);

// Wipes a text when it goes out of scope.
class Wiper {
 public:
  // `text` is borrowed.
  explicit Wiper(std::string* text) : text_(text) {}
  Wiper(const Wiper&) = delete;
  Wiper& operator=(const Wiper&) = delete;
  ~Wiper() { Wipe(text_); }

 private:
  std::string* const text_;
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_WIPE_H_
