#ifndef KUR_CLIENT_OUTPUT_TRANSFER_PROGRESS_H_
#define KUR_CLIENT_OUTPUT_TRANSFER_PROGRESS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "client/output/terminal.h"

namespace kur::client {

// The progress of an upload or a download.
struct Transfer {
  std::string verb;  // "uploading"
  std::string path;
  int64_t done = 0;   // bytes, including those of earlier attempts
  int64_t total = 0;  // bytes
};

// Renders "uploading mnist.npz ━━━━━━━╸──── 62%  12.3 MiB of 19.8 MiB  5.1 MiB/s  2s left".
// Computes the speed from `moved` bytes in `elapsed`.
std::string RenderTransfer(const Transfer& transfer, int64_t moved, absl::Duration elapsed,
                           const Terminal& terminal);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_TRANSFER_PROGRESS_H_
