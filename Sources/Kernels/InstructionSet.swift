import CKernels

/// The instruction set whose kernels run.
public enum InstructionSet: Int32, Sendable {
  /// Plain code.
  case scalar
  /// x86-64 with AVX2.
  case avx2
  /// x86-64 with AVX2 and AVX-VNNI.
  case avxvnni
  /// x86-64 with AVX-512 and its VNNI.
  case avx512vnni
  /// ARM64.
  case neon

  /// The widest one that this machine runs.
  public static var best: InstructionSet {
    InstructionSet(rawValue: efk_best_isa().rawValue) ?? .scalar
  }
}
