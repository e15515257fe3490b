#ifndef KUR_ENGINE_BASE_KERNEL_CHOICE_H_
#define KUR_ENGINE_BASE_KERNEL_CHOICE_H_

namespace kur {

// Returns whether kernels of our own may take the place of operators of ATen. Every CanFuse…()
// asks it. True unless a WithoutFusedKernels lives.
bool FusedKernelsAllowed();

// Makes the whole process compute with operators of ATen alone while it lives, which is what
// devices other than CPUs run. For tests, and for looking for the cause of a wrong number. May be
// nested; thread-safe, but affects all threads.
class WithoutFusedKernels {
 public:
  WithoutFusedKernels();
  ~WithoutFusedKernels();
  WithoutFusedKernels(const WithoutFusedKernels&) = delete;
  WithoutFusedKernels& operator=(const WithoutFusedKernels&) = delete;
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_KERNEL_CHOICE_H_
