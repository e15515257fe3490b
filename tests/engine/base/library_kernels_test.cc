#include "engine/base/library_kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Two processors, as the kernel prints them.
std::string CpuInfo(const std::string& vendor, const std::string& model, const std::string& flags) {
  std::string text;
  for (const char* number : {"0", "1"}) {
    text += std::string("processor\t: ") + number + "\nvendor_id\t: " + vendor +
            "\ncpu family\t: 6\nmodel name\t: " + model + "\nflags\t\t: " + flags +
            "\nvmx flags\t: vnmi ept\nbugs\t\t:\nbogomips\t: 4788.73\n\n";
  }
  return text;
}

constexpr char kBase[] = "fpu sse sse2 pni ssse3 cx16 sse4_1 sse4_2 popcnt aes xsave avx f16c ";

auto Kernels(const std::string& blas, const std::string& aten) {
  return UnorderedElementsAre(Pair("OPENBLAS_CORETYPE", blas), Pair("ATEN_CPU_CAPABILITY", aten));
}

KernelChoice Best(const std::string& cpuinfo) { return KernelChoices(cpuinfo).front(); }

TEST(LibraryKernelsTest, SkylakeXHasAvx512) {
  EXPECT_THAT(
      Best(CpuInfo("GenuineIntel", "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz",
                   std::string(kBase) + "fma bmi1 avx2 bmi2 avx512f avx512dq rdseed clflushopt "
                                        "avx512cd avx512bw avx512vl")),
      Kernels("SkylakeX", "avx512"));
}

TEST(LibraryKernelsTest, IceLakeHasAvx512) {
  EXPECT_THAT(
      Best(CpuInfo("GenuineIntel", "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz",
                   std::string(kBase) + "fma avx2 avx512f avx512dq avx512ifma avx512cd avx512bw "
                                        "avx512vl avx512vbmi avx512_vbmi2 avx512_vnni")),
      Kernels("SkylakeX", "avx512"));
}

TEST(LibraryKernelsTest, Zen4HasAvx512) {
  EXPECT_THAT(
      Best(CpuInfo("AuthenticAMD", "AMD EPYC 9654 96-Core Processor",
                   std::string(kBase) + "fma sse4a avx2 avx512f avx512dq avx512ifma avx512cd "
                                        "avx512bw avx512vl avx512_bf16")),
      Kernels("SkylakeX", "avx512"));
}

TEST(LibraryKernelsTest, Zen2HasAvx2) {
  EXPECT_THAT(Best(CpuInfo("AuthenticAMD", "AMD EPYC 7742 64-Core Processor",
                           std::string(kBase) + "fma sse4a avx2 bmi2")),
              Kernels("Zen", "avx2"));
}

TEST(LibraryKernelsTest, HygonIsAZen) {
  EXPECT_THAT(Best(CpuInfo("HygonGenuine", "Hygon C86 7285 32-core Processor",
                           std::string(kBase) + "fma sse4a avx2 bmi2")),
              Kernels("Zen", "avx2"));
}

TEST(LibraryKernelsTest, HaswellHasAvx2) {
  EXPECT_THAT(Best(CpuInfo("GenuineIntel", "Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz",
                           std::string(kBase) + "fma avx2 bmi2")),
              Kernels("Haswell", "avx2"));
}

TEST(LibraryKernelsTest, HalfAnAvx512IsNone) {
  // Knights Landing has the foundation only.
  EXPECT_THAT(Best(CpuInfo("GenuineIntel", "Intel(R) Xeon Phi(TM) CPU 7210",
                           std::string(kBase) + "fma avx2 avx512f avx512pf avx512er avx512cd")),
              Kernels("Haswell", "avx2"));
}

TEST(LibraryKernelsTest, AVirtualMachineThatHidesItsProcessorGetsNothing) {
  EXPECT_THAT(Best(CpuInfo("GenuineIntel", "Common KVM processor",
                           "fpu de pse tsc msr pae mce cx8 apic sep cmov mmx fxsr "
                           "sse sse2 syscall nx lm pni cx16 hypervisor")),
              IsEmpty());
}

TEST(LibraryKernelsTest, Avx2WithoutFmaIsNotEnough) {
  EXPECT_THAT(Best(CpuInfo("GenuineIntel", "QEMU", std::string(kBase) + "avx2 bmi2")), IsEmpty());
}

TEST(LibraryKernelsTest, NarrowerOnesFollowThenTheLibrariesOwnThenTheOldest) {
  EXPECT_THAT(
      KernelChoices(CpuInfo("AuthenticAMD", "AMD EPYC 9654 96-Core Processor",
                            std::string(kBase) + "fma avx2 avx512f avx512dq avx512bw avx512vl")),
      ElementsAre(Kernels("SkylakeX", "avx512"), Kernels("Zen", "avx2"), IsEmpty(),
                  Kernels("Prescott", "default")));
  EXPECT_THAT(KernelChoices(CpuInfo("GenuineIntel", "QEMU", kBase)),
              ElementsAre(IsEmpty(), Kernels("Prescott", "default")));
  EXPECT_THAT(KernelChoices(""), ElementsAre(IsEmpty()));
}

TEST(LibraryKernelsTest, APersonsVariablesStay) {
  const auto choices = KernelChoices(
      CpuInfo("AuthenticAMD", "AMD EPYC 7742 64-Core Processor", std::string(kBase) + "fma avx2"));
  Environment environment = {{"OPENBLAS_CORETYPE", "Haswell"}, {"HOME", "/root"}};
  SetKernelChoice(choices, 0, &environment);
  EXPECT_THAT(
      environment,
      UnorderedElementsAre(Pair("HOME", "/root"), Pair("OPENBLAS_CORETYPE", "Haswell"),
                           Pair("ATEN_CPU_CAPABILITY", "avx2"), Pair(kKernelChoiceVariable, "0"),
                           Pair(kKeptVariable, "OPENBLAS_CORETYPE")));
  SetKernelChoice(choices, 1, &environment);
  EXPECT_THAT(environment,
              UnorderedElementsAre(Pair("HOME", "/root"), Pair("OPENBLAS_CORETYPE", "Haswell"),
                                   Pair(kKernelChoiceVariable, "1"),
                                   Pair(kKeptVariable, "OPENBLAS_CORETYPE")));
}

TEST(LibraryKernelsTest, AChoiceReplacesTheOneBefore) {
  const auto choices = KernelChoices(
      CpuInfo("AuthenticAMD", "AMD EPYC 7742 64-Core Processor", std::string(kBase) + "fma avx2"));
  Environment environment;
  SetKernelChoice(choices, 0, &environment);
  EXPECT_EQ(environment["OPENBLAS_CORETYPE"], "Zen");
  SetKernelChoice(choices, 2, &environment);
  EXPECT_EQ(environment["OPENBLAS_CORETYPE"], "Prescott");
  EXPECT_EQ(environment["ATEN_CPU_CAPABILITY"], "default");
}

TEST(LibraryKernelsTest, ThreadsSpinAsLongAsAPersonWants) {
  Environment environment = {{"GOMP_SPINCOUNT", "7"}};
  SetThreadWaiting(&environment);
  EXPECT_THAT(environment, UnorderedElementsAre(Pair("GOMP_SPINCOUNT", "7")));
  environment = {{"OMP_WAIT_POLICY", "active"}};
  SetThreadWaiting(&environment);
  EXPECT_THAT(environment, UnorderedElementsAre(Pair("OMP_WAIT_POLICY", "active")));
  environment.clear();
  SetThreadWaiting(&environment);
  EXPECT_EQ(environment.count("GOMP_SPINCOUNT"), 1U);
}

TEST(LibraryKernelsTest, AreDescribedForPeople) {
  EXPECT_EQ(Describe({{"OPENBLAS_CORETYPE", "Zen"}, {"ATEN_CPU_CAPABILITY", "avx2"}}),
            "ATEN_CPU_CAPABILITY=avx2, OPENBLAS_CORETYPE=Zen");
  EXPECT_EQ(Describe({}), "the libraries' own");
}

TEST(LibraryKernelsTest, OtherArchitecturesAndNothingAtAllGetNothing) {
  EXPECT_THAT(Best("processor\t: 0\nFeatures\t: fp asimd sve\n"), IsEmpty());
  EXPECT_THAT(Best(""), IsEmpty());
}

}  // namespace
}  // namespace kur
