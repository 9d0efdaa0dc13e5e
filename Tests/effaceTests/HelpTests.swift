import Foundation
import Testing

/// The whole help of every command is an artefact: a change shows in `Help/` and is looked at.
///
/// Run the tests with `EFFACE_RECORD=1` in the environment to write it anew.
@Suite struct HelpTests {
  private static let pages = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("Help")

  @Test(arguments: ["", "remove-object", "detect", "batch", "compare", "pick", "models"])
  func isAsRecorded(_ command: String) throws {
    let folder = try Scratch()
    let run = try Command(["help", command].filter { !$0.isEmpty }, in: folder)
    #expect(run.status == 0)
    let file = Self.pages.appendingPathComponent((command.isEmpty ? "efface" : command) + ".txt")
    if ProcessInfo.processInfo.environment["EFFACE_RECORD"] != nil {
      try run.output.write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == run.text)
    for line in run.text.split(separator: "\n") { #expect(line.count <= 80) }
    if !command.isEmpty {
      #expect(try Command([command, "--help"], in: folder).text == run.text)
    }
  }

  @Test func saysItsVersion() throws {
    let run = try Command(["--version"], in: try Scratch())
    let numbers = run.text.split(separator: "\n").first?.split(separator: ".") ?? []
    #expect(run.status == 0 && numbers.count == 3 && numbers.allSatisfy { Int($0) != nil })
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completes(_ shell: String) throws {
    let run = try Command(["--generate-completion-script", shell], in: try Scratch())
    #expect(run.status == 0 && run.text.contains("remove-object"))
    #expect(run.text.contains("distractors"))
  }
}
