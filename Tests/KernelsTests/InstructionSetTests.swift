import Kernels
import Testing

@Suite struct InstructionSetTests {
  @Test func isOneOfThisArchitecture() {
    #if arch(x86_64)
      #expect(InstructionSet.best != .neon && InstructionSet.best != .neoni8mm)
    #elseif arch(arm64)
      #expect(InstructionSet.best == .neon || InstructionSet.best == .neoni8mm)
    #endif
  }

  @Test(arguments: InstructionSet.allCases)
  func hasATableWhereTheMachineRunsIt(set: InstructionSet) {
    let available = InstructionSet.available.contains(set)
    #expect(KernelTable(set)?.instructionSet == (available ? set : nil))
  }

  @Test func plainCodeAlwaysRuns() {
    #expect(InstructionSet.available.first == .scalar)
    #expect(InstructionSet.available.contains(.best))
  }
}
