import Foundation
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

  /// What the dispatcher asks of the processor, in the words of Linux.
  private static let needed: [InstructionSet: Set<String>] = {
    #if arch(x86_64)
      [
        .scalar: [], .avx2: ["avx2"], .avxvnni: ["avx2", "avx_vnni"],
        .avx512vnni: ["avx2", "avx512_vnni", "avx512vl", "avx512bw", "avx512dq"],
      ]
    #elseif arch(arm64)
      [.scalar: [], .neon: ["asimddp"], .neoni8mm: ["asimddp", "i8mm"]]
    #endif
  }()

  @Test(arguments: InstructionSet.allCases)
  func hasATableWhereTheMachineRunsIt(set: InstructionSet) throws {
    let table = KernelTable(set)
    #expect(table == nil || table?.instructionSet == set)
    #if os(Linux)
      let text = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
      let line = try #require(
        text.split(separator: "\n").first { $0.hasPrefix("flags") || $0.hasPrefix("Features") })
      let flags = Set(line.split(separator: " ").map(String.init))
      #expect((table != nil) == (Self.needed[set]?.isSubset(of: flags) ?? false))
    #endif
  }

  @Test func plainCodeAlwaysRuns() {
    #expect(InstructionSet.available.first == .scalar)
    #expect(InstructionSet.available.contains(.best))
  }
}
