#ifndef KUR_CLIENT_INTERRUPT_H_
#define KUR_CLIENT_INTERRUPT_H_

#include <atomic>

namespace kur::client {

// Returns whether SIGINT has arrived since CatchInterrupts(). Thread-safe.
const std::atomic<bool>& Interrupted();

// Installs a handler for the first SIGINT, which only sets Interrupted(). The second SIGINT ends
// the process as usual.
void CatchInterrupts();

}  // namespace kur::client

#endif  // KUR_CLIENT_INTERRUPT_H_
