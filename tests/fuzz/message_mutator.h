#ifndef KUR_TESTS_FUZZ_MESSAGE_MUTATOR_H_
#define KUR_TESTS_FUZZ_MESSAGE_MUTATOR_H_

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>

namespace kur::fuzz {

// Mutates the message that `data` holds, field by field, where libFuzzer alone would nearly always
// break its lengths: adds, removes and swaps parts, and has libFuzzer mutate texts and numbers.
// `scratch` is a message of its type. Returns the new size, at most `max_size`.
size_t Mutate(google::protobuf::Message& scratch, uint8_t* data, size_t size, size_t max_size,
              unsigned seed);

}  // namespace kur::fuzz

// Defines how libFuzzer mutates the inputs of a target, which are messages of this type. Other
// bytes than messages come as well, seldom.
#define KUR_FUZZ_MESSAGES(Type)                                                          \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, \
                                            unsigned seed) {                             \
    static Type* const scratch = new Type;                                               \
    return kur::fuzz::Mutate(*scratch, data, size, max_size, seed);                      \
  }

#endif  // KUR_TESTS_FUZZ_MESSAGE_MUTATOR_H_
