import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

@Suite struct BatchTests {
  private func folder(_ photos: [String]) throws -> Scratch {
    let folder = try Scratch()
    for photo in photos {
      try folder.addPhoto("in/" + photo)
      try folder.addMask("masks/\(photo.prefix { $0 != "." }).png")
    }
    return folder
  }

  private func statuses(_ run: Command) throws -> [String: String] {
    var result: [String: String] = [:]
    for line in try run.lines() {
      result[line["input"] as? String ?? ""] = line["status"] as? String
    }
    return result
  }

  // Without a mark, which holds the time: results are compared byte by byte.
  private let call = [
    "batch", "in", "--masks", "masks", "--output", "out", "--json", "--no-mark",
  ]

  @Test func mirrorsFoldersAndPrintsALineAPhoto() throws {
    let folder = try folder(["a.jpg", "sub/a.jpg", "sub/deep/b.png"])
    let run = try Command(call + ["--report", "report.html"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let lines = try run.lines()
    #expect(lines.count == 3 && lines.allSatisfy { $0["status"] as? String == "done" })
    for name in ["out/a.jpg", "out/sub/a.jpg", "out/sub/deep/b.png"] {
      #expect(try decode(folder.bytes(name), name: name).photo.width == 96)
    }
    let page = String(decoding: try folder.bytes("report.html"), as: UTF8.self)
    #expect(page.contains("sub/deep/b.png") && page.contains("data:image/jpeg;base64,"))
    #expect(page.contains("</html>"))
    #expect(!folder.names.contains { $0.hasSuffix(".tmp") })
    #expect(try Command(call + ["--no-recursive", "--force"], in: folder).lines().count == 1)
  }

  @Test func tellsOfAFailureAndGoesOn() throws {
    let folder = try folder(["a.jpg", "b.jpg", "c.jpg"])
    try folder.write("in/b.jpg", Array("no photo".utf8))
    let run = try Command(call, in: folder)
    #expect(run.status == 1)
    #expect(run.messages.contains("in/b.jpg: this is no JPEG or PNG file"))
    #expect(
      try statuses(run) == ["in/a.jpg": "done", "in/b.jpg": "failed", "in/c.jpg": "done"])
    #expect(folder.has("out/a.jpg") && folder.has("out/c.jpg") && !folder.has("out/b.jpg"))
  }

  /// What cannot be read is told of, whatever its name; what is no photo is not.
  @Test func tellsOfNamesAndLinksThatLeadNowhere() throws {
    let folder = try folder(["a.jpg"])
    let made = try Command(
      "/bin/sh",
      [
        "-c",
        """
        cd in && bad=$(printf '\\377') && mkdir "folder$bad" && ln -s nothing link.jpg &&
        touch "a$bad.jpg" "b$bad.jpg" "t$bad.txt" ".h$bad.jpg" && ln -s nothing link.txt
        printf 'b\\376.jpg' | xargs -I NAME cp a.jpg NAME
        """,
      ], in: folder)
    #expect(made.status == 0, "\(made.messages)")
    let run = try Command(call, in: folder)
    #expect(run.status == 1)
    #expect(
      try run.lines().map { $0["status"] as? String }.sorted { $0 ?? "" < $1 ?? "" }
        == ["done", "failed", "failed", "failed", "failed", "failed"])
    let reason = "cannot be read: the name is not UTF-8; rename it"
    for name in ["a\u{FFFD}.jpg", "b\u{FFFD}.jpg", "folder\u{FFFD}"] {
      #expect(run.messages.contains("in/\(name): \(reason)"), "\(run.messages)")
    }
    #expect(run.messages.contains("in/link.jpg: cannot be read: it is a link to nothing"))
    #expect(folder.has("out/a.jpg"))
    let flat = try Command(call + ["--no-recursive", "--force"], in: folder)
    #expect(try flat.lines().count == 5)
  }

  @Test func pipesAmongThePhotosAreNotWaitedFor() throws {
    let folder = try folder(["a.jpg", "c.jpg"])
    #expect(unsafe mkfifo(folder.path + "/in/b.jpg", 0o600) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/in/d.jpg", withDestinationPath: "c.jpg")
    try folder.addMask("masks/d.png")
    let run = try Command(call, in: folder)
    #expect(run.status == 1)
    #expect(run.messages == "efface: in/b.jpg: cannot be read: it is no regular file\n")
    #expect(
      try statuses(run) == [
        "in/a.jpg": "done", "in/b.jpg": "failed", "in/c.jpg": "done", "in/d.jpg": "done",
      ])
  }

  /// For the superuser no folder is closed, unless that right is given up.
  @Test(.enabled(if: getuid() != 0 || Command.installed("setpriv") != nil))
  func aFolderThatCannotBeReadStopsNothing() throws {
    let folder = try folder(["a.jpg", "sub/b.jpg", "z.jpg"])
    let closed = folder.path + "/in/sub"
    #expect(unsafe chmod(closed, 0) == 0)
    defer { _ = unsafe chmod(closed, 0o700) }
    let rights = "-dac_override,-dac_read_search"
    let run =
      getuid() != 0
      ? try Command(call, in: folder)
      : try Command(
        try #require(Command.installed("setpriv")),
        ["--bounding-set", rights, "--inh-caps", rights, Command.program.path] + call, in: folder)
    #expect(run.status == 1)
    #expect(run.messages == "efface: in/sub: cannot be read: permission denied\n")
    #expect(
      try statuses(run) == ["in/a.jpg": "done", "in/sub": "failed", "in/z.jpg": "done"])
  }

  @Test func masksMayLieBesideThePhotos() throws {
    let folder = try Scratch()
    for photo in ["in/a.png", "in/b.png"] { try folder.addPhoto(photo) }
    try folder.addMask("in/a-mask.png")
    let run = try Command(
      ["batch", "in", "--masks", "in", "--output", "out", "--json"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    #expect(try statuses(run) == ["in/a.png": "done", "in/b.png": "nothing-matched"])
    #expect(folder.has("out/a.png") && !folder.has("out/b.png") && !folder.has("out/a-mask.png"))
  }

  @Test func aMissingMaskLeavesTheOtherSelections() throws {
    let folder = try folder(["a.jpg", "b.jpg"])
    try FileManager.default.removeItem(atPath: folder.path + "/masks/b.png")
    let run = try Command(call + ["--box", "4,4,12,12"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    #expect(try statuses(run) == ["in/a.jpg": "done", "in/b.jpg": "done"])
    for line in try run.lines() {
      let isWithout = line["input"] as? String == "in/b.jpg"
      let notes = try #require(line["notes"] as? [String])
      #expect(notes.contains("there is no mask masks/b.png") == isWithout)
      #expect((line["removed"] as? [Any])?.count == (isWithout ? 1 : 2))
    }
    // A black mask is as good as none.
    try folder.addMask("masks/b.png", radius: 0)
    let black = try Command(call + ["--box", "4,4,12,12", "--force"], in: folder)
    #expect(try statuses(black) == ["in/a.jpg": "done", "in/b.jpg": "done"])
    try FileManager.default.removeItem(atPath: folder.path + "/masks/b.png")
    // Where nothing else is selected there is nothing to do, and nothing is written.
    let alone = try Command(call + ["--force", "--output", "new"], in: folder)
    #expect(try statuses(alone) == ["in/a.jpg": "done", "in/b.jpg": "nothing-matched"])
    #expect(folder.has("new/a.jpg") && !folder.has("new/b.jpg"))
  }

  @Test func resumesWithoutTrustingDamagedOutputs() throws {
    let folder = try folder(["a.jpg", "b.jpg", "c.jpg"])
    #expect(try Command(call, in: folder).status == 0)
    // Without --resume the outputs are in the way.
    let again = try Command(call, in: folder)
    #expect(again.status == 1 && again.messages.contains("out/a.jpg: exists already"))
    let whole = try folder.bytes("out/b.jpg")
    try folder.write("out/b.jpg", Array(whole.prefix(whole.count / 2)))
    try FileManager.default.removeItem(atPath: folder.path + "/out/c.jpg")
    let resumed = try Command(call + ["--resume"], in: folder)
    #expect(resumed.status == 0, "\(resumed.messages)")
    #expect(
      try statuses(resumed) == ["in/a.jpg": "skipped", "in/b.jpg": "done", "in/c.jpg": "done"])
    #expect(try folder.bytes("out/b.jpg") == whole)
    let skipped = try #require(try resumed.lines().first { $0["status"] as? String == "skipped" })
    #expect(skipped["width"] is NSNull && skipped["peak_memory_bytes"] as? Int ?? 0 > 0)
    // Other options make another picture: the old one is not counted, and not replaced.
    for options in [["--grow", "7"], ["--keep-time"]] {
      let other = try Command(call + ["--resume"] + options, in: folder)
      #expect(other.status == 1 && other.messages.contains("exists already"))
    }
    // A picture that someone has worked on since is not lost either.
    try folder.addPhoto("out/a.jpg")
    let edited = try folder.bytes("out/a.jpg")
    #expect(try Command(call + ["--resume"], in: folder).status == 1)
    #expect(try folder.bytes("out/a.jpg") == edited)
  }

  @Test func resumesWhereTheFolderOfMasksIsSpeltInAnotherWay() throws {
    let folder = try folder(["a.jpg"])
    #expect(try Command(call, in: folder).status == 0)
    let resume = ["--output", "out/", "--json", "--no-mark", "--resume"]
    for masks in ["masks/", "./masks", folder.path + "/masks"] {
      let run = try Command(["batch", "./in", "--masks", masks] + resume, in: folder)
      #expect(run.status == 0, "\(run.messages)")
      #expect(try statuses(run).values.allSatisfy { $0 == "skipped" })
    }
  }

  /// What is in the way and was never written by a batch is not the remains of a result.
  @Test func resumingReplacesNoFileOfOthers() throws {
    let folder = try folder(["a.jpg", "b.jpg"])
    let text = Array("RIFF....WEBP".utf8)
    try folder.write("out/a.jpg", text)
    let run = try Command(call + ["--resume"], in: folder)
    #expect(run.status == 1 && run.messages.contains("out/a.jpg: exists already"))
    #expect(try statuses(run) == ["in/a.jpg": "failed", "in/b.jpg": "done"])
    #expect(try folder.bytes("out/a.jpg") == text)
  }

  @Test func aResumedReportShowsAllPhotos() throws {
    let folder = try folder(["a.jpg", "b.jpg"])
    func pictures() throws -> Int {
      String(decoding: try folder.bytes("r.html"), as: UTF8.self)
        .components(separatedBy: "data:image/jpeg;base64,").count - 1
    }
    let reported = call + ["--report", "r.html"]
    #expect(try Command(reported, in: folder).status == 0)
    #expect(try pictures() == 4)
    try FileManager.default.removeItem(atPath: folder.path + "/out/b.jpg")
    let resumed = try Command(reported + ["--resume"], in: folder)
    #expect(resumed.status == 0, "\(resumed.messages)")
    #expect(try statuses(resumed) == ["in/a.jpg": "skipped", "in/b.jpg": "done"])
    #expect(try pictures() == 4)
    // Only a report is replaced unasked.
    try folder.write("r.html", Array("<html>mine</html>".utf8))
    #expect(try Command(reported + ["--resume"], in: folder).status == 1)
    #expect(try folder.bytes("r.html") == Array("<html>mine</html>".utf8))
  }

  /// Its small pictures are made on the way, for which no second photo is kept.
  @Test func aReportTakesLittleMemory() throws {
    let folder = try Scratch()
    let (width, height) = (2400, 1600)
    try folder.addPhoto("in/a.jpg", width: width, height: height)
    try folder.addMask("masks/a.png", width: width, height: height)
    var peaks: [Int] = []
    for options in [[], ["--report", "r.html"]] {
      let run = try Command(call + ["--force"] + options, in: folder)
      #expect(run.status == 0, "\(run.messages)")
      peaks.append(try #require(try run.lines().first?["peak_memory_bytes"] as? Int))
    }
    #expect(peaks[1] - peaks[0] < width * height * 3 / 2, "\(peaks)")
  }

  /// No result takes the place of a photo or a mask that the batch reads, by whatever name.
  @Test(arguments: [
    ["b/a.jpg", "--output", "b"],
    ["b/a.jpg", "--output", "link"],
    ["link/a.jpg", "--output", "b"],
    ["c/s", "--output", "c"],
    ["c/s", "--output", "c", "--shard", "1/2"],
    ["b/a.jpg", "--output", "hard"],
    ["p/a.png", "--output", "masks"],
  ])
  func neverReplacesAPhotoOfItsOwn(_ arguments: [String]) throws {
    let folder = try Scratch()
    let photos = ["b/a.jpg", "c/s/a.jpg", "c/s/s/a.jpg", "hard/x.jpg", "p/a.png"]
    for photo in photos { try folder.addPhoto(photo) }
    for mask in ["masks/a.png", "masks/s/a.png"] { try folder.addMask(mask) }
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: "b")
    try files.linkItem(
      atPath: folder.path + "/b/a.jpg", toPath: folder.path + "/hard/a.jpg")
    let before = try folder.names.map { try folder.bytes($0) }
    let run = try Command(["batch", "--masks", "masks", "--force"] + arguments, in: folder)
    #expect(run.status == 64, "\(run.messages)")
    #expect(run.messages.contains("name another output folder"), "\(run.messages)")
    #expect(run.messages.split(separator: "\n").count == 1)
    #expect(try folder.names.map { try folder.bytes($0) } == before)
  }

  @Test func theReportMayLieAmongTheResults() throws {
    let folder = try folder(["a.jpg"])
    let run = try Command(call + ["--report", "out/r.html"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    #expect(folder.has("out/a.jpg") && folder.has("out/r.html"))
  }

  @Test(arguments: [("-", 64), ("taken.html", 1), ("folder.html", 1), ("r.txt", 64)])
  func aRefusedReportLeavesNoFolderBehind(_ report: String, _ status: Int32) throws {
    let folder = try folder(["a.jpg"])
    try folder.write("taken.html", [])
    try folder.write("folder.html/x", [])
    let run = try Command(call + ["--report", report], in: folder)
    #expect(run.status == status && run.output.isEmpty, "\(run.messages)")
    #expect(!folder.has("out"))
  }

  @Test func leavesNoReportBehindThatItCannotFinish() throws {
    let folder = try folder(["a.jpg"])
    try folder.write("out", [])
    let before = folder.names
    let run = try Command(call + ["--report", "r.html"], in: folder)
    #expect(run.status == 1 && run.messages.contains("out/.efface-journal: cannot be written"))
    #expect(folder.names == before)
  }

  @Test func sharesTheWorkOut() throws {
    let folder = try folder(["a.jpg", "b.jpg", "c.jpg"])
    let first = try Command(call + ["--shard", "1/2"], in: folder)
    let second = try Command(call + ["--shard", "2/2", "--jobs", "2"], in: folder)
    #expect(first.status == 0 && second.status == 0)
    #expect(try first.lines().count == 2 && second.lines().count == 1)
    #expect(folder.has("out/a.jpg") && folder.has("out/b.jpg") && folder.has("out/c.jpg"))
  }

  @Test func saysWhenNothingMatchesAtAll() throws {
    let folder = try folder(["a.jpg", "b.jpg"])
    try folder.addMask("masks/b.png", radius: 0)
    #expect(try Command(call, in: folder).status == 0, "one of two matched")
    try folder.addMask("masks/a.png", radius: 0)
    let run = try Command(
      ["batch", "in", "--masks", "masks", "--output", "out2", "--json"], in: folder)
    #expect(run.status == 2)
    let none = try Command(["batch", "in/none", "--masks", "masks", "--output", "o"], in: folder)
    #expect(none.status == 1 && none.messages.contains("in/none: cannot be read"))
    try folder.write("empty/t.txt", [])
    let empty = try Command(["batch", "empty", "--masks", "masks", "--output", "o"], in: folder)
    #expect(empty.status == 2 && empty.messages.contains("no .jpg, .jpeg or .png file there"))
  }

  @Test func givesTheSameWithAnyNumberOfThreads() throws {
    let folder = try folder(["a.jpg", "b.png"])
    for (output, jobs) in [("one", "1"), ("two", "2")] {
      let run = try Command(
        [
          "batch", "in", "--masks", "masks", "--output", output, "--jobs", jobs, "--threads", jobs,
          "--no-mark",
        ], in: folder)
      #expect(run.status == 0, "\(run.messages)")
    }
    for name in ["a.jpg", "b.png"] {
      #expect(try folder.bytes("one/" + name) == folder.bytes("two/" + name))
    }
  }
}
