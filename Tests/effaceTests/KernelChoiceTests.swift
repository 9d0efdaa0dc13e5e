import Foundation
import Testing

/// `EFFACE_ISA` chooses the kernels, and an impossible choice is refused before any work.
@Suite struct KernelChoiceTests {
  private func models(with instructionSet: String) throws -> Command {
    try Command(
      "/usr/bin/env", ["EFFACE_ISA=\(instructionSet)", Command.program.path, "models"],
      in: try Scratch())
  }

  @Test func runsWhatIsAskedFor() throws {
    let result = try models(with: "scalar")
    #expect(result.status == 0)
    #expect(result.text.contains("kernels: scalar"))
  }

  @Test(arguments: ["sse9", "AVX2", "scalar "])
  func refusesWhatIsNone(name: String) throws {
    let result = try models(with: name)
    #expect(result.status == 64)
    #expect(result.messages.contains("EFFACE_ISA is '\(name)'"))
    #expect(result.messages.contains("scalar"), "it lists what may be asked for")
  }
}
