#include "server/protocol/worker_secrets.h"

#include "engine/base/wipe.h"

namespace kur {

void WipeSecrets(v1::WorkerSecrets* secrets) {
  for (v1::WorkerSecret& secret : *secrets->mutable_secrets()) Wipe(secret.mutable_value());
}

}  // namespace kur
