#ifndef KUR_ENGINE_BASE_TIME_SLICE_H_
#define KUR_ENGINE_BASE_TIME_SLICE_H_

namespace kur {

// Asks the kernel to give the calling thread, and those that it starts from now on, their share of
// the processors in the shortest slices there are. The share stays what it is, but a thread that
// has waited for another gets its processor at once, instead of at the end of the slice of a
// program that only computes; without it, threads that share a processor each with such a program
// spend most of their time waiting for each other. Kernels before Linux 6.12 have one length for
// all: there it does nothing.
void RequestShortTimeSlices();

}  // namespace kur

#endif  // KUR_ENGINE_BASE_TIME_SLICE_H_
