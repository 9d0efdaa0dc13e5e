#include "CKernels.h"

#include <sched.h>

#if defined(__aarch64__) && !defined(__APPLE__)
#include <sys/auxv.h>
#elif defined(__aarch64__)
#include <sys/sysctl.h>
#endif

// The one table: a line for each instruction set, baseline first.
static const efk_kernels tables[] = {
    {EFK_ISA_SCALAR, "scalar", &efk_quantized_scalar, &efk_image_scalar},
#if defined(__x86_64__)
    {EFK_ISA_AVX2, "avx2", &efk_quantized_avx2, &efk_image_avx2},
    {EFK_ISA_AVXVNNI, "avxvnni", &efk_quantized_avxvnni, &efk_image_avx2},
    {EFK_ISA_AVX512VNNI, "avx512vnni", &efk_quantized_avx512vnni, &efk_image_avx512},
#elif defined(__aarch64__)
    {EFK_ISA_NEON, "neon", &efk_quantized_neon, &efk_image_neon},
    {EFK_ISA_NEON_I8MM, "neoni8mm", &efk_quantized_neoni8mm, &efk_image_neon},
#endif
};

static _Bool can_run(efk_isa isa) {
  switch (isa) {
    case EFK_ISA_SCALAR:
      return 1;
#if defined(__x86_64__)
    case EFK_ISA_AVX2:
      __builtin_cpu_init();
      return __builtin_cpu_supports("avx2");
    case EFK_ISA_AVXVNNI:
      return can_run(EFK_ISA_AVX2) && __builtin_cpu_supports("avxvnni");
    case EFK_ISA_AVX512VNNI:
      return can_run(EFK_ISA_AVX2) && __builtin_cpu_supports("avx512vnni") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq");
#elif defined(__aarch64__)
    case EFK_ISA_NEON:
#if defined(__APPLE__)
      return 1;  // Every 64-bit Apple processor that runs this system has dot products.
#else
      return (getauxval(AT_HWCAP) & (1 << 20)) != 0;  // HWCAP_ASIMDDP
#endif
    case EFK_ISA_NEON_I8MM: {
#if defined(__APPLE__)
      int has = 0;
      size_t size = sizeof has;
      return sysctlbyname("hw.optional.arm.FEAT_I8MM", &has, &size, 0, 0) == 0 && has != 0;
#else
      return can_run(EFK_ISA_NEON) && (getauxval(AT_HWCAP2) & (1 << 13)) != 0;  // HWCAP2_I8MM
#endif
    }
#endif
    default:
      return 0;
  }
}

const efk_kernels *efk_kernels_for(efk_isa isa) {
  if (!can_run(isa)) return 0;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    if (tables[i].isa == isa) return &tables[i];
  }
  return 0;
}

efk_isa efk_best_isa(void) {
  efk_isa best = EFK_ISA_SCALAR;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    if (can_run(tables[i].isa)) best = tables[i].isa;
  }
  return best;
}

void efk_pause(_Bool yields) {
  if (yields) {
    sched_yield();
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
