#ifndef KUR_ENGINE_BASE_KERNEL_CHOICE_H_
#define KUR_ENGINE_BASE_KERNEL_CHOICE_H_

namespace kur {

// Returns false while a WithoutFusedKernels exists. Every CanFuse…() asks this function before it
// replaces operators of ATen by a kernel of our own.
bool FusedKernelsAllowed();

// Restricts the whole process to operators of ATen during its lifetime, which is how devices other
// than CPUs compute. For tests, and to find the cause of a wrong number. May be nested.
// Thread-safe; affects all threads.
class WithoutFusedKernels {
 public:
  WithoutFusedKernels();
  ~WithoutFusedKernels();
  WithoutFusedKernels(const WithoutFusedKernels&) = delete;
  WithoutFusedKernels& operator=(const WithoutFusedKernels&) = delete;
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_KERNEL_CHOICE_H_
