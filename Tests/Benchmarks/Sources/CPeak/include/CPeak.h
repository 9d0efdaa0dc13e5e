#ifndef EFFACE_PEAK_H
#define EFFACE_PEAK_H

/// Multiplies and adds 8-bit numbers in registers for a while, on the instruction set of a raw value
/// of `efk_isa`, and returns how many multiply-adds that were.
double efp_spin(int isa, long rounds);

#endif
