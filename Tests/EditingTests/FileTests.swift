import Foundation
import ImageCodecs
import Testing

@testable import Editing

/// A folder that goes when the test is over.
final class Scratch {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("efface-tests-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func add(_ name: String, _ text: String = "x") throws {
    let file = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func text(_ name: String) -> String? {
    try? String(contentsOfFile: path + "/" + name, encoding: .utf8)
  }

  var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? []
  }
}

@Suite struct FileTests {
  @Test(arguments: [
    ("a.jpg", "a-removed.jpg"), ("dir/a.b.PNG", "dir/a.b-removed.PNG"), ("-", "-"),
    ("/x", "/x-removed"), (".hidden", ".hidden-removed"), ("./a.jpeg", "./a-removed.jpeg"),
  ])
  func namesTheOutput(_ input: String, _ output: String) {
    #expect(defaultOutput(for: input) == output)
  }

  /// A slash and an accent behind it are one character, and two names for the file system; so are a mark of
  /// some scripts and the slash or point behind it.
  @Test(arguments: [
    ("d/\u{0301}y.png", "d", "\u{0301}y", "png"),
    ("d\u{0600}/y\u{0600}.png", "d\u{0600}", "y\u{0600}", "png"),
    ("d/y.\u{0301}p", "d", "y", "\u{0301}p"), ("/\u{0301}", "/", "\u{0301}", ""),
    ("d\u{0600}//", "", "d\u{0600}", ""), ("d//", "", "d", ""), ("/", "/", "", ""),
  ])
  func splitsPathsByTheirBytes(path: String, folder: String, stem: String, suffix: String) {
    let parts = PathName(path)
    #expect(
      [parts.folder, parts.stem, parts.suffix].map { Array($0.utf8) }
        == [folder, stem, suffix].map { Array($0.utf8) })
    if !suffix.isEmpty {
      #expect(PathName.join(folder, parts.name).isSameName(as: path))
      let output = defaultOutput(for: path)
      #expect(output.isSameName(as: "\(folder)/\(stem)-removed.\(suffix)"))
    }
  }

  @Test func joinsPathsByTheirBytes() {
    #expect(PathName.join("d\u{0600}/", "a").isSameName(as: "d\u{0600}/a"))
    #expect(PathName.join("d", "\u{0301}a").isSameName(as: "d/\u{0301}a"))
  }

  @Test func namesTheOutputByASuffix() {
    #expect(defaultOutput(for: "dir/a.b.PNG", suffix: "_x") == "dir/a.b_x.PNG")
    #expect(backupName(of: "dir/a.jpg") == "dir/a-original.jpg")
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
    (1_767_323_045, "2026-01-02T03:04:05Z"),
  ])
  func writesTimes(_ seconds: Int, _ text: String) { #expect(timestamp(seconds) == text) }

  /// Far dates, and fractions before 1970, are given to another file as they are.
  @Test(arguments: [(10_413_792_000, 0), (-1, 250_000_000), (981_173_106, 999_999_999)])
  func copiesTimes(_ seconds: Int, _ nanoseconds: Int) throws {
    let scratch = try Scratch()
    try scratch.add("a")
    try scratch.add("b")
    let (a, b) = (scratch.path + "/a", scratch.path + "/b")
    let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
    #expect(unsafe utimensat(AT_FDCWD, a, [time, time], 0) == 0)
    let status = try #require(FileSystem.status(a))
    #expect(status.modified == FileSystem.Time(seconds: seconds, nanoseconds: nanoseconds))
    let descriptor = unsafe open(b, O_WRONLY)
    defer { close(descriptor) }
    try FileSystem.copyTraits(status, to: descriptor, keepsTime: true, name: "b")
    #expect(FileSystem.status(b) == status)
  }

  /// The second name comes with the new file, not before, and never in place of another file.
  @Test func keepsAFileUnderASecondName() throws {
    let scratch = try Scratch()
    try scratch.add("a", "old")
    let (a, b) = (scratch.path + "/a", scratch.path + "/b")
    func replace() throws {
      let file = try TemporaryFile(for: a)
      try file.write(Array("new".utf8))
      let kept = try TemporaryFile.keeping(a, as: b)
      #expect(scratch.names.count { $0.hasSuffix(".tmp") } == 2)
      do {
        try file.publish(replacing: true, keeping: kept)
      } catch {
        for file in [file, kept] { file.remove() }
        throw error
      }
    }
    try scratch.add("b", "mine")
    #expect(throws: EditingError.backupExists(name: b)) { try replace() }
    #expect(scratch.names == ["a", "b"])
    #expect(scratch.text("a") == "old" && scratch.text("b") == "mine")
    try FileManager.default.removeItem(atPath: b)
    try replace()
    #expect(scratch.names == ["a", "b"])
    #expect(scratch.text("a") == "new" && scratch.text("b") == "old")
  }

  @Test func aFileThatCannotBeReplacedGetsNoSecondName() throws {
    let scratch = try Scratch()
    try scratch.add("a")
    let (a, b) = (scratch.path + "/a", scratch.path + "/b")
    let file = try TemporaryFile(for: a)
    let kept = try TemporaryFile.keeping(a, as: b)
    try FileManager.default.removeItem(atPath: a)
    try scratch.add("a/x")
    #expect { try file.publish(replacing: true, keeping: kept) } throws: {
      "\($0)".hasPrefix("\(a): cannot be written: ")
    }
    for file in [file, kept] { file.remove() }
    #expect(scratch.names == ["a"])
  }

  @Test func writesWholeFilesAndReplacesNone() throws {
    let scratch = try Scratch()
    let file = try OutputFile(scratch.path + "/a.txt", replacing: false)
    try file.write(Array("one".utf8))
    #expect(scratch.text("a.txt") == "one")
    // The file came into being after the check: still nothing is replaced, and nothing is left.
    #expect(throws: EditingError.exists(name: scratch.path + "/a.txt")) {
      try file.write(Array("two".utf8))
    }
    #expect(throws: EditingError.exists(name: scratch.path + "/a.txt")) {
      _ = try OutputFile(scratch.path + "/a.txt", replacing: false)
    }
    try OutputFile(scratch.path + "/a.txt", replacing: true).write(Array("three".utf8))
    #expect(scratch.text("a.txt") == "three")
    #expect(scratch.names == ["a.txt"])
  }

  /// What an earlier run left behind, perhaps one with the same number in another container, is neither
  /// in the way nor lost.
  @Test func passesOverTemporaryNamesThatAreTaken() throws {
    let scratch = try Scratch()
    let left = (1...500).map { ".efface-\(getpid())-\($0).tmp" } + ["taken"]
    for name in left { try scratch.add(name, "left") }
    try OutputFile(scratch.path + "/a.txt", replacing: false).write(Array("a".utf8))
    var names = ["free", "taken", "taken"]
    let file = try TemporaryFile(for: scratch.path + "/b.txt") { names.removeLast() }
    try file.publish(replacing: false)
    #expect(scratch.names == (left + ["a.txt", "b.txt"]).sorted())
    #expect(scratch.text("taken") == "left")
    #expect(throws: EditingError.self) {
      try TemporaryFile(for: scratch.path + "/c.txt") { "taken" }
    }
  }

  @Test func namesTheFileThatCannotBeWritten() throws {
    let scratch = try Scratch()
    #expect {
      try OutputFile(scratch.path + "/none/a.txt", replacing: false).write([1])
    } throws: { "\($0)".contains("/none/a.txt: cannot be written: no such file or directory") }
    for folder in [scratch.path, scratch.path + "/none/"] {
      #expect { _ = try OutputFile(folder, replacing: true) } throws: {
        "\($0)".hasSuffix("it is a folder")
      }
    }
  }

  @Test func readsFilesOfAnySize() throws {
    let scratch = try Scratch()
    for count in [0, 1, 65_536, 300_001] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
      try OutputFile(scratch.path + "/f", replacing: true).write(bytes)
      #expect(try FileSystem.read(scratch.path + "/f") == bytes)
    }
  }

  /// The size of a device says nothing: what it gives is counted.
  @Test func endlessFilesAreGivenUp() throws {
    let scratch = try Scratch()
    try OutputFile(scratch.path + "/f", replacing: true).write([UInt8](repeating: 1, count: 1000))
    #expect(try FileSystem.read(scratch.path + "/f", limit: 1000).count == 1000)
    for (path, limit) in [(scratch.path + "/f", 999), ("/dev/zero", 1 << 20), ("/dev/zero", 0)] {
      #expect(throws: EditingError.unreadable(name: path, reason: "it is larger than 4 GiB")) {
        try FileSystem.read(path, limit: limit)
      }
    }
  }

  #if os(Linux)
    /// The network folder of a process that has ended, but has not been waited for, opens and cannot be read.
    @Test func aFolderThatFailsIsNotEmpty() throws {
      var child = pid_t()
      let name = unsafe strdup("true")
      defer { unsafe free(name) }
      let started = unsafe posix_spawn(&child, "/bin/true", nil, nil, [name, nil], nil)
      try #require(started == 0)
      defer { _ = waitpid(child, nil, 0) }
      var info = unsafe siginfo_t()
      let ended = unsafe waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT)
      try #require(ended == 0)
      let folder = "/proc/\(child)/net"
      // Where the system has no such folder, there is nothing to try.
      guard let stream = unsafe opendir(folder) else { return }
      unsafe closedir(stream)
      #expect { try FileSystem.names(in: folder) } throws: {
        ($0 as? EditingError)?.description.hasPrefix("\(folder): cannot be read") == true
      }
    }
  #endif
}

@Suite struct BatchThreadTests {
  @Test(arguments: [
    (1, 2, [1]), (2, 1, [2]), (2, 2, [1, 1]), (3, 2, [2, 1]), (8, 3, [3, 3, 2]), (4, 0, [4]),
    (2, 256, [1, 1]),
  ])
  func neverExceedsTheThreads(_ threads: Int, _ jobs: Int, _ shares: [Int]) {
    #expect(Batch.shares(of: threads, jobs: jobs) == shares)
  }
}

@Suite struct BatchPlanTests {
  private func plan(
    _ scratch: Scratch, _ inputs: [String], recursive: Bool = true, shard: Shard? = nil,
    masks: String? = nil, output: String = "out"
  ) throws -> BatchPlan {
    try BatchPlan(
      inputs: inputs.map { scratch.path + "/" + $0 }, folder: scratch.path + "/" + output,
      recursive: recursive, shard: shard, masks: masks.map { scratch.path + "/" + $0 })
  }

  @Test func mirrorsFolders() throws {
    let scratch = try Scratch()
    for name in ["in/b.jpg", "in/a/b.JPEG", "in/a/c.png", "in/t.txt", "in/.h/x.jpg", "in/.x.png"] {
      try scratch.add(name)
    }
    #expect(try plan(scratch, ["in"]).items.map(\.relative) == ["a/b.JPEG", "a/c.png", "b.jpg"])
    #expect(try plan(scratch, ["in"], recursive: false).items.map(\.relative) == ["b.jpg"])
    #expect(try plan(scratch, ["in"]).items[0].output == scratch.path + "/out/a/b.JPEG")
  }

  @Test func keepsEqualNamesOfSeveralFoldersApart() throws {
    let scratch = try Scratch()
    for name in ["one/a.jpg", "two/a.jpg", "a.jpg"] { try scratch.add(name) }
    #expect(
      try plan(scratch, ["one", "two", "a.jpg"]).items.map(\.relative)
        == ["a.jpg", "one/a.jpg", "two/a.jpg"])
    #expect { try plan(scratch, ["one/a.jpg", "two/a.jpg"]) } throws: {
      ($0 as? EditingError)?.kind == .usage
    }
  }

  @Test func leavesTheOutputFolderOut() throws {
    let scratch = try Scratch()
    for name in ["in/a.jpg", "in/out/a.jpg"] { try scratch.add(name) }
    #expect(try plan(scratch, ["in"], output: "in/out").items.map(\.relative) == ["a.jpg"])
    #expect(throws: EditingError.self) { try plan(scratch, ["in"], output: "in") }
  }

  @Test func sharesTheWorkOut() throws {
    let scratch = try Scratch()
    for index in 0..<7 { try scratch.add("in/\(index).jpg") }
    var all: [String] = []
    for index in 1...3 {
      let part = try plan(scratch, ["in"], shard: Shard("\(index)/3"))
      #expect((2...3).contains(part.items.count))
      all += part.items.map(\.relative)
    }
    #expect(all.sorted() == (0..<7).map { "\($0).jpg" })
    for wrong in ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"] { #expect(Shard(wrong) == nil) }
  }

  @Test func findsMasks() throws {
    let scratch = try Scratch()
    for name in ["in/a/x.jpg", "in/y.jpg", "in/z.png", "m/a/x.png", "m/y.jpg.png"] {
      try scratch.add(name)
    }
    let masks = try plan(scratch, ["in"], masks: "m").items.map(\.mask)
    #expect(masks == [scratch.path + "/m/a/x.png", scratch.path + "/m/y.jpg.png", nil])
  }

  /// Masks among the photos are no photos, and no photo is its own mask.
  @Test func tellsMasksFromPhotosBesideThem() throws {
    let scratch = try Scratch()
    let photos = ["a.jpg", "b.png", "c.png", "d.jpg", "e/f.jpg", "g.jpg"]
    let masks = ["a.png", "b-mask.png", "c.png.png", "e/f.jpg.png"]
    for name in photos + masks { try scratch.add("in/" + name) }
    let items = try plan(scratch, ["in"], masks: "in").items
    #expect(items.map(\.relative) == photos)
    let found = items.map { $0.mask?.split(separator: "in/").last.map(String.init) }
    #expect(found == ["a.png", "b-mask.png", "c.png.png", nil, "e/f.jpg.png", nil])
    let missing = items.map { $0.missingMask?.split(separator: "in/").last.map(String.init) }
    #expect(missing == [nil, nil, nil, "d.png", nil, "g.png"])
    // In a folder of their own below the photos'.
    let below = try Scratch()
    for name in ["in/a.jpg", "in/b.jpg", "in/m/a.png"] { try below.add(name) }
    let two = try plan(below, ["in"], masks: "in/m").items
    #expect(two.map(\.relative) == ["a.jpg", "b.jpg"] && two[0].mask?.hasSuffix("m/a.png") == true)
    // A photo that is named stays one, and is no mask of its own either.
    let named = try plan(below, ["in/b.jpg"], masks: "in").items
    #expect(named.map(\.mask) == [nil])
  }

  /// One accent in two ways is two names, and has an order of its own.
  @Test func tellsNamesApartByTheirBytes() throws {
    let scratch = try Scratch()
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    for name in ["\(composed).jpg", "\(decomposed).jpg", "\(decomposed)/a.jpg"] {
      try scratch.add("in/" + name)
    }
    let items = try plan(scratch, ["in"], output: "in/\(composed)").items
    #expect(
      items.map { Array($0.relative.utf8) }
        == ["\(decomposed).jpg", "\(decomposed)/a.jpg", "\(composed).jpg"].map { Array($0.utf8) })
  }

  @Test func saysWhenThereIsNothing() throws {
    let scratch = try Scratch()
    try scratch.add("in/t.txt")
    #expect { try plan(scratch, ["in"]) } throws: {
      ($0 as? EditingError)?.kind == .nothingMatched
    }
    #expect { try plan(scratch, ["gone"]) } throws: { "\($0)".contains("no such file") }
  }
}

@Suite struct BatchRecipeTests {
  /// Whatever makes another file of the same photo is another recipe.
  @Test func tellsEveryOptionAndTheProgramItself() throws {
    let scratch = try Scratch()
    try scratch.add("in/a.jpg")
    let plan = try BatchPlan(inputs: [scratch.path + "/in"], folder: scratch.path + "/out")
    func recipe(_ change: (inout RemovalOptions) -> Void) -> String {
      var options = RemovalOptions()
      change(&options)
      return Batch(plan: plan, options: options, jobs: 1, threads: 1).recipe(plan.items[0])
    }
    let recipes = [
      recipe { _ in }, recipe { $0.grow = 1 }, recipe { $0.feather = 1 }, recipe { $0.quality = 1 },
      recipe { $0.keepsThumbnail = false }, recipe { $0.strip = .all },
      recipe { $0.marksHistory = false }, recipe { $0.keepsTime = true }, recipe { $0.seed = 1 },
      recipe { $0.selection.distractors = true },
    ]
    #expect(Set(recipes).count == recipes.count)
    #expect(recipes[0].hasPrefix("efface \(version); "))
    for model in try ModelCard.all() { #expect(recipes[0].contains(model.title)) }
  }

  /// One folder of masks has many names, and a mask changes what the result is.
  @Test func tellsTheMaskHoweverItsFolderIsSpelt() throws {
    let scratch = try Scratch()
    for name in ["in/s/a.jpg", "m/s/a.png"] { try scratch.add(name) }
    func recipe(masks: String?) throws -> String {
      let plan = try BatchPlan(
        inputs: [scratch.path + "/in"], folder: scratch.path + "/out",
        masks: masks.map { scratch.path + $0 })
      return Batch(plan: plan, options: RemovalOptions(), jobs: 1, threads: 1)
        .recipe(plan.items[0])
    }
    let spelt = try ["/m", "/m/", "/./m", "/in/../m"].map(recipe)
    #expect(Set(spelt).count == 1 && spelt[0].contains("; mask s/a.png 1 "))
    #expect(try recipe(masks: nil) != spelt[0])
    try scratch.add("m/s/a.png", "more")
    #expect(try recipe(masks: "/m") != spelt[0])
  }
}

@Suite struct BatchJournalTests {
  @Test func remembersWhatIsFinished() throws {
    let scratch = try Scratch()
    let entry = BatchJournal.Entry(
      inputSize: 1, inputModified: 2, options: 3, outputSize: 4, outputChecksum: .max)
    try BatchJournal(folder: scratch.path).record("a/b %\t\n.jpg", entry)
    let later = try BatchJournal(folder: scratch.path)
    #expect(later.entries(for: "a/b %\t\n.jpg") == [entry])
    #expect(later.entries(for: "a/b").isEmpty)
  }

  @Test func remembersTimesBeyond64Bits() throws {
    let scratch = try Scratch()
    let time = FileSystem.Time(seconds: 10_413_792_000, nanoseconds: 5)
    let entry = BatchJournal.Entry(
      inputSize: 1, inputModified: time.totalNanoseconds, options: 3, outputSize: 4,
      outputChecksum: 5)
    try BatchJournal(folder: scratch.path).record("a.jpg", entry)
    #expect(try BatchJournal(folder: scratch.path).entries(for: "a.jpg") == [entry])
    #expect(scratch.text(BatchJournal.name)?.contains("\t10413792000000000005\t") == true)
  }

  @Test func passesOverALineThatWasCutOff() throws {
    let scratch = try Scratch()
    try scratch.add(BatchJournal.name, "1\t2\t3\t4\t5\ta.jpg\n1\t2\t3")
    let journal = try BatchJournal(folder: scratch.path)
    #expect(journal.entries(for: "a.jpg").map(\.outputChecksum) == [5])
    let entry = BatchJournal.Entry(
      inputSize: 1, inputModified: 2, options: 3, outputSize: 4, outputChecksum: 6)
    try journal.record("b.jpg", entry)
    #expect(try BatchJournal(folder: scratch.path).entries(for: "b.jpg") == [entry])
  }

  /// Of two batches at once both record a result, and one keeps it; names may end like lines.
  @Test func keepsAllThatIsRecordedOfAName() throws {
    let scratch = try Scratch()
    var entry = BatchJournal.Entry(
      inputSize: 1, inputModified: 2, options: 3, outputSize: 4, outputChecksum: 5)
    let journal = try BatchJournal(folder: scratch.path)
    try journal.record("a.jpg\r", entry)
    try journal.record("b.jpg", entry)
    entry.outputChecksum = 6
    try journal.record("b.jpg", entry)
    let later = try BatchJournal(folder: scratch.path)
    #expect(later.entries(for: "a.jpg\r").map(\.outputChecksum) == [5])
    #expect(later.entries(for: "b.jpg").map(\.outputChecksum) == [5, 6])
  }

  /// Of what is no picture only the beginning is read.
  @Test func readsPicturesWholeAndOthersNot() throws {
    let scratch = try Scratch()
    try scratch.add("film.jpg", "\0\0\0\u{18}ftypmp42" + String(repeating: "x", count: 100_000))
    let film = try FileSystem.readPicture(scratch.path + "/film.jpg")
    #expect(film.count == 4_096)
    let size = try FileSystem.read(scratch.path + "/film.jpg").count
    #expect(size == 100_012)
  }

  @Test func tellsNamesApartByTheirBytes() throws {
    let scratch = try Scratch()
    let entry = BatchJournal.Entry(
      inputSize: 1, inputModified: 2, options: 3, outputSize: 4, outputChecksum: 5)
    try BatchJournal(folder: scratch.path).record("\u{E9}.jpg", entry)
    let journal = try BatchJournal(folder: scratch.path)
    #expect(journal.entries(for: "\u{E9}.jpg") == [entry])
    #expect(journal.entries(for: "e\u{301}.jpg").isEmpty)
  }

  @Test func tellsBytesApart() {
    let bytes = (0..<100).map { UInt8($0) }
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 1
      #expect(checksum(other) != checksum(bytes))
    }
    #expect(checksum(Array(bytes.dropLast())) != checksum(bytes))
  }
}
