import Foundation
import ImageCodecs
import Testing

/// A result that standard output does not take is an error, told in one line unless nobody reads; files that are written stay.
@Suite struct LostOutputTests {
  private static let commands = [
    ["models"], ["models", "--json"], ["detect", "a.jpg"], ["detect", "a.jpg", "--json"],
    ["compare", "a.jpg", "a.jpg", "--verify"],
    ["remove-object", "a.jpg", "--mask", "masks/a.png", "-o", "-"],
    ["remove-object", "a.jpg", "--mask", "masks/a.png", "-o", "b.jpg", "--json"],
    ["batch", "a.jpg", "c.jpg", "--masks", "masks", "-o", "out", "--json", "--report", "r.html"],
  ]

  private func check(_ arguments: [String], _ output: FileHandle, _ reason: String) throws {
    let folder = try Scratch()
    for name in ["a", "c"] {
      try folder.addPhoto("\(name).jpg")
      try folder.addMask("masks/\(name).png")
    }
    let run = try Command(arguments, in: folder, output: output)
    #expect(run.status == 1)
    // A reader that has seen enough of a text is told nothing.
    let isSilent = reason == "broken pipe" && arguments.last != "-"
    #expect(
      run.messages
        == (isSilent ? "" : "efface: standard output: cannot be written: \(reason)\n"))
    if arguments.contains("b.jpg") { _ = try decode(folder.bytes("b.jpg"), name: "b.jpg") }
    if arguments.contains("batch") {
      for name in ["out/a.jpg", "out/c.jpg"] { _ = try decode(folder.bytes(name), name: name) }
      #expect(String(decoding: try folder.bytes("r.html"), as: UTF8.self).hasSuffix("</html>\n"))
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")), arguments: commands)
  func saysThatThereIsNoRoom(_ arguments: [String]) throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    try check(arguments, full, "no space left on device")
  }

  /// A limit on the size of files is an error like any other, and no part of a file stays.
  @Test func saysThatAFileMayNotBeSoLarge() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png")
    let run = try Command(
      "/bin/sh",
      [
        "-c", "ulimit -f 1; exec \"$0\" remove-object a.jpg --mask m.png -o b.jpg",
        Command.program.path,
      ], in: folder)
    #expect(run.status == 1 && run.messages.contains("b.jpg: cannot be written: "))
    #expect(folder.names == ["a.jpg", "m.png"])
  }

  /// What is said of a closed stream does not land in a file that is opened in its place.
  @Test(arguments: [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
  func writesNoMessagesIntoFiles(_ closing: String) throws {
    let folder = try Scratch()
    for name in ["a", "c"] { try folder.addMask("masks/\(name).png") }
    try folder.addPhoto("a.jpg")
    try folder.write("c.jpg", Array("no photo".utf8))
    let run = try Command(
      "/bin/sh",
      [
        "-c",
        "exec \"$0\" batch a.jpg c.jpg --masks masks -o out --json --report r.html " + closing,
        Command.program.path,
      ], in: folder)
    #expect(run.status == 1, "\(run.messages)")
    let journal = String(decoding: try folder.bytes("out/.efface-journal"), as: UTF8.self)
    #expect(journal.hasSuffix("\ta.jpg\n") && journal.split(separator: "\n").count == 1)
    let page = String(decoding: try folder.bytes("r.html"), as: UTF8.self)
    #expect(page.hasPrefix("<!") && page.hasSuffix("</html>\n") && !page.contains("{\"input\""))
    #expect(!page.contains("efface: c.jpg"))
    _ = try decode(folder.bytes("out/a.jpg"), name: "a.jpg")
  }

  @Test(arguments: commands) func endsWhereNobodyReads(_ arguments: [String]) throws {
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    try check(arguments, pipe.fileHandleForWriting, "broken pipe")
  }
}
