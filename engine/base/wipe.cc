#include "engine/base/wipe.h"

#include <openssl/crypto.h>

namespace kur {

void Wipe(std::string* text) {
  if (!text->empty()) OPENSSL_cleanse(&(*text)[0], text->size());
  text->clear();
}

}  // namespace kur
