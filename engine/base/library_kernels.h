#ifndef KUR_ENGINE_BASE_LIBRARY_KERNELS_H_
#define KUR_ENGINE_BASE_LIBRARY_KERNELS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/environment.h"

namespace kur {

// Environment variables that make OpenBLAS and ATen choose certain kernels when they are loaded.
using KernelChoice = Environment;

// Returns the choices for a processor, given the text of its /proc/cpuinfo; the best is the first.
// There is at least one. OpenBLAS identifies processors by model number and treats a newer one as
// the oldest; ATen does not choose AVX-512 by itself. Either makes a job several times slower, so
// the first choice names both where the processor is known. Then come less wide ones, what the
// libraries choose by themselves (no variables), and what every processor of the kind can do. None
// has an instruction set that the processor lacks.
std::vector<KernelChoice> KernelChoices(absl::string_view cpuinfo);

// The number in KernelChoices() of the choice that an environment has, and the names of those
// variables, separated by commas, that a person had set before.
constexpr char kKernelChoiceVariable[] = "KURD_KERNELS";
constexpr char kKeptVariable[] = "KURD_KERNELS_KEPT";

// Makes an environment one with `choices[index]`, in place of the choice that it has. What a person
// has set stays as it is.
void SetKernelChoice(const std::vector<KernelChoice>& choices, size_t index,
                     Environment* environment);

// Makes OpenMP's threads that wait for each other spin for about a tenth of a millisecond, longer
// than it mostly takes to begin the next loop, and then sleep: where other programs want the same
// processors, threads that spin on waste their own share. What a person has set stays.
void SetThreadWaiting(Environment* environment);

// Returns the choice that an environment has.
KernelChoice ChoiceIn(const Environment& environment);

// Returns a choice for people, as in "OPENBLAS_CORETYPE=Zen, ATEN_CPU_CAPABILITY=avx2".
std::string Describe(const KernelChoice& choice);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_LIBRARY_KERNELS_H_
