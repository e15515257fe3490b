#ifndef KUR_TESTS_TESTING_POISONED_MEMORY_H_
#define KUR_TESTS_TESTING_POISONED_MEMORY_H_

namespace kur::testing {

// Fills all memory that tensors on the CPU get from now on with bytes of 0xFF, which are NaN in
// every floating-point type and -1 in integers, so that an element which an operator or a kernel
// forgets to write shows. For the whole process; a program calls it before its first tensor.
void PoisonTensorMemory();

}  // namespace kur::testing

#endif  // KUR_TESTS_TESTING_POISONED_MEMORY_H_
