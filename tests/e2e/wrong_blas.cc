// A build of BLAS that does not know the processor: in front of the real one (LD_PRELOAD), its
// products of matrices do what KUR_TEST_BLAS says ("wrong", "crash", "hang" or "slow") while the
// kernels that KUR_TEST_BLAS_CORES lists, separated by colons, are chosen.

#include <dlfcn.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool IsChosen() {
  return (":" + Variable("KUR_TEST_BLAS_CORES") + ":")
             .find(":" + Variable("OPENBLAS_CORETYPE") + ":") != std::string::npos;
}

// Says so if the program that executed this one has left a timer, which would end it some time.
__attribute__((constructor)) void LookForTimers() {
  itimerval timer = {};
  getitimer(ITIMER_REAL, &timer);
  if (timer.it_value.tv_sec != 0) std::fprintf(stderr, "a timer was left\n");
}

}  // namespace

extern "C" void sgemm_(const char* a_form, const char* b_form, const int* m, const int* n,
                       const int* k, const float* alpha, const float* a, const int* a_stride,
                       const float* b, const int* b_stride, const float* beta, float* c,
                       const int* c_stride) {
  static const auto real = reinterpret_cast<decltype(&sgemm_)>(dlsym(RTLD_NEXT, "sgemm_"));
  static const std::string does = IsChosen() ? Variable("KUR_TEST_BLAS") : "";
  if (does == "crash") raise(SIGILL);
  while (does == "hang") {
  }
  if (does == "slow") usleep(20000);
  real(a_form, b_form, m, n, k, alpha, a, a_stride, b, b_stride, beta, c, c_stride);
  if (does == "wrong") c[*m * *n / 2] += 1;
}
