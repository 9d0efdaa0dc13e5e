import Foundation
import ImageCodecs
import Testing

// One at a time, because what is done at a signal belongs to the whole process.
@Suite(.serialized) struct InterruptionTests {
  /// An interrupted batch ends at once with 130, leaves no half-written file, and can go on.
  @Test func leavesNothingHalfDone() throws {
    let folder = try Scratch()
    for index in 0..<12 {
      try folder.addPhoto("in/\(index).jpg", width: 240, height: 180)
      try folder.addMask("masks/\(index).png", width: 240, height: 180, radius: 30)
    }
    let call = ["batch", "in", "--masks", "masks", "--output", "out", "--jobs", "1", "-q"]
    let process = try start(Command.program.path, call, in: folder)
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

  /// A program that runs; it gets signals as from a terminal, however the tests were started.
  private func start(_ program: String, _ arguments: [String], in folder: Scratch) throws
    -> Process
  {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    try folder.write("messages", [])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle(forWritingAtPath: folder.path + "/messages")
    // What is ignored and what is blocked here would be so there.
    let signals = [SIGINT, SIGTERM, SIGHUP]
    let usual = signals.map { signal($0, SIG_DFL) }
    var (none, blocked) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, &blocked)
    defer {
      unsafe pthread_sigmask(SIG_SETMASK, &blocked, nil)
      for (number, action) in zip(signals, usual) { signal(number, action) }
    }
    try process.run()
    return process
  }

  /// A photo that the program waits for; open for writing once the program has come to it.
  private func pipe(_ name: String, of process: Process, in folder: Scratch) throws -> FileHandle {
    while process.isRunning {
      let descriptor = unsafe open(folder.path + "/" + name, O_WRONLY | O_NONBLOCK)
      if descriptor >= 0 { return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true) }
      Thread.sleep(forTimeInterval: 0.005)
    }
    return try #require(nil, "the program ended early")
  }

  private func addPipe(_ name: String, in folder: Scratch) {
    #expect(unsafe mkfifo(folder.path + "/" + name, 0o600) == 0)
  }

  private func messages(in folder: Scratch) throws -> String {
    String(decoding: try folder.bytes("messages"), as: UTF8.self)
  }

  @Test func saysThatNothingWasWritten() throws {
    let folder = try Scratch()
    try folder.addMask("m.png")
    addPipe("a.jpg", in: folder)
    let process = try start(
      Command.program.path, ["remove-object", "a.jpg", "--mask", "m.png", "-o", "b.jpg"],
      in: folder)
    let photo = try pipe("a.jpg", of: process, in: folder)
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try messages(in: folder) == "\nefface: interrupted; nothing was written\n")
    try photo.close()
  }

  @Test func saysThatSomeFillsAreWritten() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png")
    // So many that the program does not come to an end.
    let process = try start(
      Command.program.path,
      ["remove-object", "a.jpg", "--mask", "m.png", "-o", "b.jpg", "--variants", "100"], in: folder)
    while process.isRunning && !folder.has("b-1.jpg") { Thread.sleep(forTimeInterval: 0.005) }
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try messages(in: folder) == "\nefface: interrupted; what was written before is kept\n")
    _ = try decode(folder.bytes("b-1.jpg"), name: "b-1.jpg")
  }

  // A pipe is waited for only when it is named.
  private let batch = [
    "batch", "in/a.jpg", "--masks", "masks", "--output", "out", "--report", "r.html",
  ]

  @Test(arguments: [
    ([], "finished photos are kept, and --resume goes on from here"),
    (["--dry-run"], "nothing was written"),
  ])
  func saysWhatBecomesOfABatch(_ options: [String], _ words: String) throws {
    let folder = try Scratch()
    try folder.addMask("masks/a.png")
    try folder.write("in/t.txt", [])
    addPipe("in/a.jpg", in: folder)
    let process = try start(Command.program.path, batch + options, in: folder)
    let photo = try pipe("in/a.jpg", of: process, in: folder)
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try messages(in: folder) == "\nefface: interrupted; \(words)\n")
    try photo.close()
  }

  @Test func endsCleanlyWhenTheTerminalCloses() throws {
    let folder = try Scratch()
    try folder.addMask("masks/a.png")
    try folder.write("in/t.txt", [])
    addPipe("in/a.jpg", in: folder)
    let before = folder.names + ["messages"]
    let process = try start(Command.program.path, batch, in: folder)
    let photo = try pipe("in/a.jpg", of: process, in: folder)
    #expect(folder.names.contains { $0.hasSuffix(".tmp") })
    kill(process.processIdentifier, SIGHUP)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 130)
    #expect(folder.names.sorted() == before.sorted())
    try photo.close()
  }

  /// A shell's script has SIGINT ignored by what it runs in the background, and may ask for more.
  @Test(arguments: [("INT", SIGINT), ("TERM", SIGTERM)])
  func goesOnWhenASignalIsIgnored(name: String, number: Int32) throws {
    let script = "trap '' \(name); exec \"$0\" \"$@\""
    try goesOn("/bin/sh", ["-c", script], signal: number)
  }

  @Test(.enabled(if: Command.installed("nohup") != nil))
  func goesOnWhenTheTerminalIsToBeOutlived() throws {
    try goesOn(try #require(Command.installed("nohup")), [], signal: SIGHUP)
  }

  /// Starts a batch by a launcher, sends it a signal while it reads a photo, and sees it end as ever.
  private func goesOn(_ launcher: String, _ arguments: [String], signal: Int32) throws {
    let folder = try Scratch()
    try folder.addPhoto("photo.jpg")
    try folder.addMask("masks/a.png")
    try folder.write("in/t.txt", [])
    addPipe("in/a.jpg", in: folder)
    let process = try start(launcher, arguments + [Command.program.path] + batch, in: folder)
    let photo = try pipe("in/a.jpg", of: process, in: folder)
    kill(process.processIdentifier, signal)
    try photo.write(contentsOf: Data(try folder.bytes("photo.jpg")))
    try photo.close()
    process.waitUntilExit()
    let messages = try messages(in: folder)
    #expect(process.terminationStatus == 0, "\(messages)")
    #expect(folder.has("out/a.jpg") && folder.has("r.html"))
  }
}
