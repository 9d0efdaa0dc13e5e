import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

/// What becomes of the file: its name, its permissions and time, its history.
@Suite struct FileOptionTests {
  private let call = ["remove-object", "a.jpg", "--mask", "m.png"]

  private func folder() throws -> Scratch {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png")
    return folder
  }

  private func attributes(_ name: String, in folder: Scratch) throws -> (mode: Int, time: Date) {
    let all = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
    return (
      try #require(all[.posixPermissions] as? Int), try #require(all[.modificationDate] as? Date)
    )
  }

  /// A name that cannot be passed on as it is must not become another.
  @Test(arguments: [
    (#"remove-object "$(printf 'bad\377.jpg')" --mask m.png"#, "2", "bad\u{FFFD}.jpg"),
    (#"remove-object a.jpg --mask m.png -o "$(printf 'o\377.jpg')""#, "6", "o\u{FFFD}.jpg"),
    (#"detect "$(printf '\303')""#, "2", "\u{FFFD}"),
  ])
  func namesMustBeUTF8(_ arguments: String, _ number: String, _ shown: String) throws {
    let folder = try folder()
    let run = try Command(
      "/bin/sh", ["-c", "exec \"$0\" " + arguments, Command.program.path], in: folder)
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(
      run.messages
        == "efface: argument \(number) is not UTF-8; rename the file: \(shown)\n")
    #expect(folder.names == ["a.jpg", "m.png"])
  }

  @Test func aSuffixNamesTheResult() throws {
    let folder = try folder()
    #expect(try Command(call + ["--suffix", "-clean"], in: folder).status == 0)
    #expect(folder.names == ["a-clean.jpg", "a.jpg", "m.png"])
    #expect(
      try Command(call + ["--suffix", "-clean"], in: folder).status == 1, "it exists already")
  }

  @Test func inPlaceReplacesThePhoto() throws {
    let folder = try folder()
    let before = try folder.bytes("a.jpg")
    let run = try Command(call + ["--in-place", "--json"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    #expect((try run.json()["output"] as? String)?.hasSuffix("/a.jpg") == true)
    #expect(try folder.bytes("a.jpg") != before)
    #expect(folder.names == ["a.jpg", "m.png"])
    // A failure leaves the photo as it is.
    let edited = try folder.bytes("a.jpg")
    try folder.addMask("m.png", radius: 0)
    #expect(try Command(call + ["--in-place"], in: folder).status == 2)
    #expect(try folder.bytes("a.jpg") == edited && folder.names == ["a.jpg", "m.png"])
  }

  @Test func aBackupKeepsThePhotoAsItWas() throws {
    let folder = try folder()
    let before = try folder.bytes("a.jpg")
    let run = try Command(call + ["--in-place", "--backup"], in: folder)
    #expect(run.status == 0 && run.messages.contains("is kept as"), "\(run.messages)")
    #expect(folder.names == ["a-original.jpg", "a.jpg", "m.png"])
    let once = try folder.bytes("a.jpg")
    #expect(try folder.bytes("a-original.jpg") == before && once != before)
    // The first backup is not lost to a second edit, whatever is asked for.
    for more in [[], ["--force"]] {
      let again = try Command(call + ["--in-place", "--backup"] + more, in: folder)
      #expect(again.status == 1 && again.messages.contains("a-original.jpg: exists already"))
      #expect(try folder.bytes("a.jpg") == once)
    }
    #expect(try Command(call + ["--in-place"], in: folder).status == 0)
    #expect(try folder.bytes("a-original.jpg") == before && folder.bytes("a.jpg") != once)
    #expect(folder.names == ["a-original.jpg", "a.jpg", "m.png"])
  }

  /// A file has one place under all of its names, and no result takes that of what is read.
  @Test(arguments: [
    ["--in-place", "--compare", "./a.jpg"],
    ["--in-place", "--compare", "link.jpg"],
    ["--in-place", "--backup", "--compare", "./a-original.jpg"],
    ["--in-place", "--save-mask", "sub/../m.png"],
    ["-o", "b.jpg", "--compare", "a.jpg"],
    ["-o", "b.jpg", "--compare", "sub/../b.jpg"],
    ["-o", "b.jpg", "--compare", "here/b.jpg"],
    ["-o", "b.jpg", "--mask", "n.png", "--save-mask", "./n.png"],
    ["-o", "./o.png", "--save-mask", "o.png"],
    ["-o", "./a.jpg"],
    ["--suffix", "-x", "--compare", "./a-x.jpg"],
  ])
  func noResultTakesTheNameOfAnother(_ options: [String]) throws {
    let folder = try folder()
    try folder.addMask("n.png")
    try folder.write("sub/x", [])
    for (link, target) in [("link.jpg", "a.jpg"), ("here", ".")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + link, withDestinationPath: target)
    }
    let before = try ["a.jpg", "m.png", "n.png"].map(folder.bytes)
    let names = folder.names
    let run = try Command(call + ["--force"] + options, in: folder)
    #expect(run.status == 64, "\(run.messages)")
    #expect(run.messages.split(separator: "\n").count == 1)
    #expect(try ["a.jpg", "m.png", "n.png"].map(folder.bytes) == before)
    #expect(folder.names == names)
  }

  @Test func noResultTakesTheBackupsNameBehindALink() throws {
    let folder = try folder()
    try folder.write("real/photo.jpg", try folder.bytes("a.jpg"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link.jpg", withDestinationPath: "real/photo.jpg")
    let names = folder.names
    let before = try folder.bytes("real/photo.jpg")
    let run = try Command(
      [
        "remove-object", "link.jpg", "--mask", "m.png", "--in-place", "--backup", "--compare",
        "real/photo-original.jpg",
      ], in: folder)
    #expect(run.status == 64 && run.messages.contains("name another file"), "\(run.messages)")
    #expect(folder.names == names)
    #expect(try folder.bytes("real/photo.jpg") == before)
  }

  /// The other commands keep what they read as well.
  @Test(arguments: [
    ["compare", "a.jpg", "b.jpg", "-o", "./b.jpg"], ["detect", "a.jpg", "--overlay", "./a.jpg"],
    ["batch", "page.html", "-o", "out", "--masks", ".", "--report", "./page.html"],
    ["batch", "page.html", "-o", "out", "--masks", ".", "--report", "out/../out/page.html"],
  ])
  func otherCommandsKeepTheirPhotosToo(_ arguments: [String]) throws {
    let folder = try folder()
    for name in ["b.jpg", "page.html"] { try folder.write(name, try folder.bytes("a.jpg")) }
    try folder.addMask("page.png")
    try folder.write("out/x", [])
    let before = try folder.names.map { try folder.bytes($0) }
    let run = try Command(arguments + ["--force"], in: folder)
    #expect(run.status == 64, "\(run.messages)")
    #expect(run.messages.contains("name another file"), "\(run.messages)")
    #expect(try folder.names.map { try folder.bytes($0) } == before)
  }

  @Test func inPlaceFollowsALink() throws {
    let folder = try folder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link.jpg", withDestinationPath: "a.jpg")
    let before = try folder.bytes("a.jpg")
    let run = try Command(
      ["remove-object", "link.jpg", "--mask", "m.png", "--in-place"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/link.jpg")
        == "a.jpg")
    #expect(try folder.bytes("a.jpg") != before)
  }

  /// So does every other result: what the link names is replaced, and messages name the link.
  @Test func resultsFollowALink() throws {
    let folder = try folder()
    let places = ["link.jpg": "sub/b.jpg", "link.png": "sub/m.png", "link.html": "sub/r.html"]
    for (link, target) in places {
      try folder.write(target, [])
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + link, withDestinationPath: target)
    }
    try folder.addMask("masks/a.png")
    let calls = [
      call + ["-o", "link.jpg", "--save-mask", "link.png"],
      ["batch", "a.jpg", "--masks", "masks", "-o", "out", "--report", "link.html"],
    ]
    for call in calls {
      let refused = try Command(call, in: folder)
      #expect(refused.status == 1 && refused.messages.hasPrefix("efface: link."))
      let run = try Command(call + ["--force"], in: folder)
      #expect(run.status == 0, "\(run.messages)")
    }
    for (link, target) in places {
      let kept = try? FileManager.default.destinationOfSymbolicLink(
        atPath: folder.path + "/" + link)
      #expect(try kept == target && !folder.bytes(target).isEmpty)
    }
    #expect(!folder.names.contains { $0.hasSuffix(".tmp") })
  }

  /// A link to nothing is in the way like a file, and is found to be before a photo is opened.
  @Test func aLinkToNothingIsInTheWayAtOnce() throws {
    let folder = try folder()
    // Whoever opened it would say so.
    try folder.write("in/text.jpg", Array("no photo".utf8))
    try folder.addMask("masks/text.png")
    for link in ["link.jpg", "link.png", "link.html", "done/text.jpg", "in/text-original.jpg"] {
      try folder.write(link, [])
      try FileManager.default.removeItem(atPath: folder.path + "/" + link)
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + link, withDestinationPath: "nothing")
    }
    let remove = ["remove-object", "in/text.jpg", "--mask", "m.png"]
    let batch = ["batch", "in/text.jpg", "--masks", "masks", "-o"]
    for (call, name) in [
      (remove + ["-o", "link.jpg"], "link.jpg"),
      (remove + ["-o", "b.jpg", "--save-mask", "link.png"], "link.png"),
      (remove + ["-o", "b.jpg", "--compare", "link.html"], "link.html"),
      (remove + ["--in-place", "--backup"], "in/text-original.jpg"),
      (batch + ["done"], "done/text.jpg"), (batch + ["new", "--report", "link.html"], "link.html"),
      (["pick", "in/text.jpg", "-o", "link.html"], "link.html"),
    ] {
      let run = try Command(call, in: folder)
      #expect(run.status == 1 && run.messages.contains("\(name): exists already"), "\(call)")
      #expect(!folder.has("new"))
      let target = try FileManager.default.destinationOfSymbolicLink(
        atPath: folder.path + "/" + name)
      #expect(target == "nothing")
    }
    let forced = try Command(call + ["-o", "link.jpg", "--force"], in: folder)
    #expect(forced.status == 0 && folder.has("link.jpg"), "\(forced.messages)")
  }

  /// Also where standard output goes into a file.
  @Test(arguments: ["/dev/stdout", "/dev/null", "pipe.jpg"])
  func devicesAndPipesAreNoResults(_ name: String) throws {
    let folder = try folder()
    #expect(unsafe mkfifo(folder.path + "/pipe.jpg", 0o600) == 0)
    let run = try Command(call + ["-o", name, "--force"], in: folder)
    #expect(run.status == 1 && run.output.isEmpty)
    #expect(
      run.messages == "efface: \(name): cannot be written: it is no regular file; name one, or use "
        + "- for standard output\n")
  }

  /// A pipe has no place that a result could take, nor one beside it; it is not read either.
  @Test(arguments: ["pipe.jpg", "/dev/stdin", "/dev/zero"])
  func pipesAndDevicesHaveNoPlace(_ name: String) throws {
    let folder = try folder()
    #expect(unsafe mkfifo(folder.path + "/pipe.jpg", 0o600) == 0)
    let photo = Data(try folder.bytes("a.jpg"))
    let call = ["remove-object", name, "--mask", "m.png"]
    for (options, message) in [
      (["--in-place"], "--in-place needs a photo that is a regular file, not \(name): use -o FILE"),
      ([], "\(name): is no regular file, so its result needs a name: add -o FILE"),
      (["--suffix", "-x"], "\(name): is no regular file, so its result needs a name: add -o FILE"),
    ] {
      let run = try Command(call + options, in: folder, input: photo)
      #expect(run.status == 64 && run.messages == "efface: \(message)\n", "\(run.messages)")
    }
    #expect(folder.names == ["a.jpg", "m.png", "pipe.jpg"])
    if name == "/dev/stdin" {
      let run = try Command(call + ["-o", "b.jpg"], in: folder, input: photo)
      #expect(run.status == 0 && folder.has("b.jpg"), "\(run.messages)")
    }
  }

  @Test(arguments: [0o600, 0o640, 0o444])
  func resultsHaveThePhotosPermissions(mode: Int) throws {
    let folder = try folder()
    try FileManager.default.setAttributes(
      [.posixPermissions: mode], ofItemAtPath: folder.path + "/a.jpg")
    let run = try Command(
      call + ["--compare", "c.png", "--save-mask", "s.png"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    for name in ["a-removed.jpg", "c.png", "s.png"] {
      #expect(try attributes(name, in: folder).mode == mode, "\(name)")
    }
    #expect(try Command(call + ["--in-place"], in: folder).status == 0)
    #expect(try attributes("a.jpg", in: folder).mode == mode)
    let batch = try Command(
      ["batch", "a.jpg", "--masks", "masks", "--output", "out"], in: folder)
    #expect(batch.status == 1, "there is no folder of masks")
    try folder.addMask("masks/a.png")
    _ = try Command(["batch", "a.jpg", "--masks", "masks", "--output", "out"], in: folder)
    #expect(try attributes("out/a.jpg", in: folder).mode == mode)
  }

  /// Pages and pictures of every command are as private as the most private photo that they show.
  @Test func whatShowsAPhotoIsAsPrivate() throws {
    let folder = try Scratch()
    for name in ["in/a.jpg", "in/b.jpg"] { try folder.addPhoto(name) }
    for name in ["masks/a.png", "masks/b.png"] { try folder.addMask(name) }
    for (name, mode) in [("in/a.jpg", 0o640), ("in/b.jpg", 0o604)] {
      try FileManager.default.setAttributes(
        [.posixPermissions: mode], ofItemAtPath: folder.path + "/" + name)
    }
    let batch = ["batch", "in", "--masks", "masks", "--output", "out", "--report"]
    for (call, name, mode) in [
      (["detect", "in/a.jpg", "--overlay"], "o.png", 0o640),
      (["pick", "in/a.jpg", "-o"], "p.html", 0o640),
      (["compare", "in/a.jpg", "in/b.jpg", "-o"], "c.html", 0o600), (batch, "r.html", 0o600),
      (batch.dropLast() + ["--resume", "--report"], "s.html", 0o600),
    ] {
      let run = try Command(call + [name], in: folder)
      #expect(run.status == 0, "\(run.messages)")
      #expect(try attributes(name, in: folder).mode == mode, "\(name)")
    }
    let run = try Command(["batch", "in/a.jpg"] + batch[2...] + ["q.html", "--force"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    #expect(try attributes("q.html", in: folder).mode == 0o640)
    let piped = try Command(
      ["compare", "-", "in/a.jpg", "-o", "d.png"], in: folder,
      input: Data(try folder.bytes("in/b.jpg")))
    #expect(try piped.status == 0 && attributes("d.png", in: folder).mode == 0o640)
  }

  @Test func inPlaceKeepsTags() throws {
    let folder = try folder()
    let photo = folder.path + "/a.jpg"
    let key = FileAttributeKey(rawValue: "NSFileExtendedAttributes")
    let tags = ["user.xdg.tags": Data("beach".utf8), "user.rating": Data([3])]
    try FileManager.default.setAttributes([key: tags], ofItemAtPath: photo)
    let run = try Command(call + ["--in-place"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let all = try FileManager.default.attributesOfItem(atPath: photo)
    let kept = try #require(all[key] as? [String: Data])
    #expect(tags.allSatisfy { kept[$0.key] == $0.value }, "\(kept)")
  }

  @Test func theTimeIsThatOfTheEditOrThePhotos() throws {
    let folder = try folder()
    let then = Date(timeIntervalSince1970: 981_173_106)
    try FileManager.default.setAttributes(
      [.modificationDate: then], ofItemAtPath: folder.path + "/a.jpg")
    #expect(try Command(call, in: folder).status == 0)
    #expect(try attributes("a-removed.jpg", in: folder).time.timeIntervalSinceNow > -600)
    #expect(try Command(call + ["--keep-time", "--force"], in: folder).status == 0)
    #expect(try attributes("a-removed.jpg", in: folder).time == then)
    #expect(try Command(call + ["--in-place", "--keep-time"], in: folder).status == 0)
    #expect(try attributes("a.jpg", in: folder).time == then)
  }

  @Test(arguments: ["a.jpg", "a.png"])
  func theHistoryGetsOneEntry(photo: String) throws {
    let folder = try Scratch()
    try folder.addPhoto(photo)
    try folder.addMask("m.png")
    func history(_ options: [String]) throws -> Int {
      let run = try Command(
        ["remove-object", photo, "--mask", "m.png", "-o", "out", "--force"] + options, in: folder)
      #expect(run.status == 0, "\(run.messages)")
      let text = String(decoding: try folder.bytes("out"), as: UTF8.self)
      #expect(text.contains("stEvt:softwareAgent=\"Efface ") == text.contains("xmpMM:History"))
      return text.components(separatedBy: "stEvt:action=\"edited\"").count - 1
    }
    #expect(try history([]) == 1)
    #expect(try history(["--no-mark"]) == 0)
    #expect(try history(["--strip", "all"]) == 0)
    #expect(try history(["--mark", "--strip", "gps"]) == 1)
  }

  /// A palette that is full cannot hold the fill: the JSON says what the file became.
  @Test(.enabled(if: Command.installed("convert") != nil))
  func theReportSaysWhenATypeChanges() throws {
    let convert = try #require(Command.installed("convert"))
    let folder = try Scratch()
    try folder.addMask("m.png", width: 128, height: 128)
    let made = try Command(
      convert,
      ["-size", "128x128", "plasma:red-blue", "-colors", "256", "-type", "Palette", "PNG8:a.png"],
      in: folder)
    #expect(made.status == 0, "\(made.messages)")
    // The colour type stands behind the signature, the header's length and name, both sides and the depth.
    let (palette, rgb): (UInt8, UInt8) = (3, 2)
    try #require(try folder.bytes("a.png")[25] == palette)
    // A broad feather blends colours that are not in the palette.
    let run = try Command(
      ["remove-object", "a.png", "--mask", "m.png", "--json", "--grow", "12", "--feather", "12"],
      in: folder)
    let notes = try #require(try run.json()["notes"] as? [String])
    #expect(notes.contains { $0.hasPrefix("palette became RGB") }, "\(notes)")
    #expect(try folder.bytes("a-removed.png")[25] == rgb)
  }
}
