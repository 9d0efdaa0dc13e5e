#include "CPeak.h"

// Ten independent accumulators hide the products' latency; the empty assembly keeps the loop whole.

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f,avx512vnni,avx512bw"))) static double spin512(long rounds) {
  __m512i s[10], a = _mm512_set1_epi8(3), w = _mm512_set1_epi8(1);
  for (int i = 0; i < 10; i++) s[i] = _mm512_setzero_si512();
  for (long n = 0; n < rounds; n++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 10; i++) {
      s[i] = _mm512_dpbusd_epi32(s[i], a, w);
      __asm__ volatile("" : "+v"(s[i]));
    }
  }
  return (double)rounds * 10 * 64;
}

__attribute__((target("avx2,avxvnni"))) static double spin256(long rounds) {
  __m256i s[10], a = _mm256_set1_epi8(3), w = _mm256_set1_epi8(1);
  for (int i = 0; i < 10; i++) s[i] = _mm256_setzero_si256();
  for (long n = 0; n < rounds; n++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 10; i++) {
      s[i] = _mm256_dpbusd_avx_epi32(s[i], a, w);
      __asm__ volatile("" : "+x"(s[i]));
    }
  }
  return (double)rounds * 10 * 32;
}

// Two multiplications for 32 products, as `vpmaddubsw` takes them; nothing may be taken out of the loop.
__attribute__((target("avx2"))) static double spin2(long rounds) {
  __m256i s[10], a = _mm256_set1_epi8(3), w = _mm256_set1_epi8(1), ones = _mm256_set1_epi16(1);
  for (int i = 0; i < 10; i++) s[i] = _mm256_setzero_si256();
  for (long n = 0; n < rounds; n++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 10; i++) {
      __asm__ volatile("" : "+x"(a));
      s[i] = _mm256_add_epi32(s[i], _mm256_madd_epi16(_mm256_maddubs_epi16(a, w), ones));
      __asm__ volatile("" : "+x"(s[i]));
    }
  }
  return (double)rounds * 10 * 32;
}
#endif

double efp_spin(int isa, long rounds) {
#if defined(__x86_64__)
  if (isa == 3) return spin512(rounds);
  if (isa == 2) return spin256(rounds);
  if (isa == 1) return spin2(rounds);
#endif
  volatile int s = 0;
  for (long n = 0; n < rounds; n++) s += 3 * (int)(n & 127);
  return (double)rounds;
}
