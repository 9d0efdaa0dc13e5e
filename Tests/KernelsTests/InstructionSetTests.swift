import Kernels
import Testing

@Test func findsAnInstructionSetOfThisArchitecture() {
  #if arch(x86_64)
    #expect(InstructionSet.best != .neon)
  #elseif arch(arm64)
    #expect(InstructionSet.best == .neon)
  #endif
}
