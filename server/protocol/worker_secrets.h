#ifndef KUR_SERVER_PROTOCOL_WORKER_SECRETS_H_
#define KUR_SERVER_PROTOCOL_WORKER_SECRETS_H_

#include "kur/v1/worker.pb.h"

namespace kur {

// Overwrites the values, and empties them.
void WipeSecrets(v1::WorkerSecrets* secrets);

}  // namespace kur

#endif  // KUR_SERVER_PROTOCOL_WORKER_SECRETS_H_
