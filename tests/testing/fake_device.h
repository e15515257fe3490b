#ifndef KUR_TESTS_TESTING_FAKE_DEVICE_H_
#define KUR_TESTS_TESTING_FAKE_DEVICE_H_

#include <cstdint>
#include <string>

namespace kur::testing {

// The name of a device of torch that stands in for a card: "privateuseone:0", and 1. Its operators
// compute on the processor, but:
// - its memory is that of the device: who reads or writes it from the host, as a kernel for
//   processors would, is ended by the kernel (SIGSEGV);
// - an operator of tensors on two devices is refused, as CUDA does, also between 0 and 1;
// - it runs behind the host: copies that are not to block, either way, happen as late as the order
//   of the stream allows. Who uses a buffer again, or reads one, too early gets wrong numbers.
constexpr char kFakeDevice[] = "privateuseone:0";

// Whether there can be one. torch has one kind of accelerator in a process, and a torch that knows
// CUDA asks it for streams, also where no driver is.
bool HasFakeDevice();

// Registers it with torch, if there can be one, once in a process. Before the first tensor on it,
// and before the first backward pass of the process.
void RegisterFakeDevice();

// What the host has asked of all fake devices since the last call of ResetFakeDeviceCounts().
struct FakeDeviceCounts {
  int64_t operators = 0;  // without views, copies between host and device and new memory
  int64_t waits = 0;      // of the host for the device
  int64_t to_device = 0;  // copies
  int64_t to_host = 0;
};
FakeDeviceCounts CountsOfFakeDevices();
void ResetFakeDeviceCounts();

}  // namespace kur::testing

#endif  // KUR_TESTS_TESTING_FAKE_DEVICE_H_
