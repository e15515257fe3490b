#ifndef KUR_TESTS_TESTING_TEST_DEVICE_H_
#define KUR_TESTS_TESTING_TEST_DEVICE_H_

#include <cstdlib>
#include <string>

namespace kur::testing {

// The device of torch that tests compute on: what KUR_TEST_DEVICE says, or "cpu".
inline std::string TestDevice() {
  const char* device = std::getenv("KUR_TEST_DEVICE");
  return device == nullptr ? "cpu" : device;
}

}  // namespace kur::testing

#endif  // KUR_TESTS_TESTING_TEST_DEVICE_H_
