#ifndef KUR_CLIENT_INTERRUPT_H_
#define KUR_CLIENT_INTERRUPT_H_

#include <atomic>

namespace kur::client {

// Becomes true at the first Ctrl-C after CatchInterrupts().
const std::atomic<bool>& Interrupted();

// From now on the first SIGINT only sets Interrupted(); the second one ends the process as usual.
void CatchInterrupts();

}  // namespace kur::client

#endif  // KUR_CLIENT_INTERRUPT_H_
