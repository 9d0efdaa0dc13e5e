import Foundation
import ImageCodecs
import Testing

@Suite struct InterruptionTests {
  /// An interrupted batch ends at once with 130, leaves no half-written file, and can go on.
  @Test func leavesNothingHalfDone() throws {
    let folder = try Scratch()
    for index in 0..<12 {
      try folder.addPhoto("in/\(index).jpg", width: 240, height: 180)
      try folder.addMask("masks/\(index).png", width: 240, height: 180, radius: 30)
    }
    let call = ["batch", "in", "--masks", "masks", "--output", "out", "--jobs", "1", "-q"]
    let process = Process()
    process.executableURL = Command.program
    process.arguments = call
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.standardError = FileHandle.nullDevice
    try process.run()
    while process.isRunning && !folder.names.contains(where: { $0.hasPrefix("out/1") }) {
      Thread.sleep(forTimeInterval: 0.005)
    }
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 130)
    #expect(!folder.names.contains { $0.hasSuffix(".tmp") })
    let finished = folder.names.filter { $0.hasPrefix("out/") }
    #expect(!finished.isEmpty && finished.count < 12)
    for name in finished { _ = try decode(folder.bytes(name), name: name) }
    let resumed = try Command(call + ["--resume"], in: folder)
    #expect(resumed.status == 0, "\(resumed.messages)")
    #expect(folder.names.filter { $0.hasPrefix("out/") }.count == 12)
  }
}
