#ifndef KUR_SERVER_WORKER_CAPABILITIES_H_
#define KUR_SERVER_WORKER_CAPABILITIES_H_

#include <string>

#include "server/protocol/capabilities.pb.h"

namespace kur::worker {

// Finds out what this process can train on, by computing something on every card.
server::WorkerCapabilities FindCapabilities();

// Returns one line.
std::string ToJson(const server::WorkerCapabilities& capabilities);

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_CAPABILITIES_H_
