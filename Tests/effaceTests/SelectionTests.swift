import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

/// Two cats side by side: what is named, what stays, and what is clicked.
@Suite struct SelectionTests {
  private let folder: Scratch
  private let (height, width): (Int, Int)

  init() throws {
    folder = try Scratch()
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Samples/cat.jpg")
    let decoded = try decode([UInt8](try Data(contentsOf: file)), name: "cat")
    (height, width) = (decoded.photo.height, decoded.photo.width)
    var twins = Tensor<UInt8>(height: height, width: 2 * width, channels: 3, repeating: 0)
    for y in 0..<height {
      for x in 0..<2 * width {
        for c in 0..<3 { twins[y, x, c] = decoded.photo.pixels[y, x % width, c] }
      }
    }
    try folder.write("a.png", try encodeNew(pixels: twins, format: .png))
  }

  /// What would be removed, and the mask at the cheeks of both cats.
  private func select(_ options: [String]) throws -> (
    run: Command, removed: Int, left: Bool, right: Bool
  ) {
    let run = try Command(
      ["remove-object", "a.png", "--dry-run", "--json", "--force", "--save-mask", "m.png"]
        + options, in: folder)
    if run.status != 0 { return (run, 0, false, false) }
    let removed = try #require(try run.json()["removed"] as? [[String: Any]])
    let mask = try decodeMask(folder.bytes("m.png"), name: "m.png")
    return (
      run, removed.count, mask.values[300, 300] == 255, mask.values[300, width + 300] == 255
    )
  }

  @Test func aDryRunRemovesNothing() throws {
    let found = try select(["--object", "cat"])
    #expect(found.run.status == 0 && found.removed == 2 && found.left && found.right)
    let report = try found.run.json()
    #expect(report["output"] is NSNull && report["status"] as? String == "done")
    #expect(!folder.has("a-removed.png"))
    // What goes is tinted: the cheeks, and not the wall.
    _ = try select(["--object", "cat", "--overlay", "o.png"])
    let before = try decode(folder.bytes("a.png"), name: "a.png")
    let overlay = try decode(folder.bytes("o.png"), name: "o.png")
    try #require(overlay.photo.height == height && overlay.photo.width == 2 * width)
    #expect(overlay.photo.pixels[300, 300, 0] > before.photo.pixels[300, 300, 0])
    #expect(overlay.photo.pixels[40, 60, 0] == before.photo.pixels[40, 60, 0])
    let plain = try Command(["remove-object", "a.png", "--object", "cat", "--dry-run"], in: folder)
    #expect(plain.messages.hasPrefix("efface: a.png: 2 x cat would be removed, "))
    for option in [["-o", "b.png"], ["--in-place"], ["--compare", "c.gif"], ["--variants", "2"]] {
      let bad = try Command(
        ["remove-object", "a.png", "--object", "cat", "--dry-run"] + option, in: folder)
      #expect(bad.status == 64 && bad.messages.contains("--dry-run makes no result"))
    }
  }

  @Test func namedObjectsCanBeKept() throws {
    let first = try select(["--object", "cat", "--except", "cat#2"])
    #expect(first.removed == 1 && first.left != first.right)
    let second = try select(["--object", "cat", "--except", "cat#1"])
    #expect(second.removed == 1 && second.left == first.right && second.right == first.left)
    // A place on an object keeps all of it.
    let left = try select(["--object", "cat", "--not-at", "300,300"])
    #expect(left.removed == 1 && !left.left && left.right)
    let absent = try select(["--object", "cat", "--except", "cat#5"])
    #expect(absent.removed == 2)
    #expect(try absent.run.json()["notes"] as? [String] == ["no cat#5 found to keep"])
    for kept in [["--except", "cat"], ["--not-at", "300,300", "--except", "cat#1,cat#2"]] {
      let none = try select(["--object", "cat"] + kept)
      #expect(none.run.status == 2)
      #expect(none.run.messages.contains("everything that is named is kept; found: 2 x cat"))
    }
    let unknown = try select(["--object", "cat", "--except", "cta"])
    #expect(unknown.run.status == 2 && unknown.run.messages.contains("'cta'"))
  }

  @Test func aPlaceBesideAnObjectKeepsWhatIsThere() throws {
    _ = try select(["--object", "cat"])
    let whole = try decodeMask(folder.bytes("m.png"), name: "m.png")
    // Far from the mask, on the wall: nothing changes.
    _ = try select(["--object", "cat", "--not-at", "60,40"])
    let same = try decodeMask(folder.bytes("m.png"), name: "m.png")
    #expect(same.values.span.indices.allSatisfy { same.values.span[$0] == whole.values.span[$0] })
    // In the grown rim.
    let rim = try #require((0..<width).first { whole.values[300, $0] == 255 }) + 1
    let beside = try select(["--object", "cat", "--not-at", "\(rim),300"])
    #expect(beside.removed == 2 && beside.left && beside.right)
    let trimmed = try decodeMask(folder.bytes("m.png"), name: "m.png")
    #expect(trimmed.values[300, rim] == 0)
    var (more, less) = (0, 0)
    for i in trimmed.values.span.indices {
      let (before, after) = (whole.values.span[i], trimmed.values.span[i])
      more += after > before ? 1 : 0
      less += after < before ? 1 : 0
    }
    #expect(more == 0 && less > 0 && 20 * less < whole.count)
  }

  @Test func aPlaceFarFromABoxChangesNothingInIt() throws {
    let box = ["--box", "20,200,180,300"]
    _ = try select(box)
    let alone = try decodeMask(folder.bytes("m.png"), name: "m.png")
    _ = try select(box + ["--not-at", "500,40"])
    let same = try decodeMask(folder.bytes("m.png"), name: "m.png")
    #expect(same.values.span.indices.allSatisfy { same.values.span[$0] == alone.values.span[$0] })
    _ = try select(box + ["--not-at", "205,350"])
    let near = try decodeMask(folder.bytes("m.png"), name: "m.png")
    #expect(near.values.span.indices.contains { near.values.span[$0] != alone.values.span[$0] })
  }

  @Test func contradictionsAreRefused() throws {
    let both = try select(["--at", "300,300", "--not-at", "300,300"])
    #expect(both.run.status == 64 && both.run.messages.contains("is both --at and --not-at"))
    let parted = try select(["--box", "200,200,200,200", "--at", "300,300+20,20"])
    #expect(parted.run.status == 64 && parted.run.messages.contains("only partly in --box"))
    // What is given twice counts once.
    let twice = try select(["--object", "cat,cat", "--except", "cat#7,cat#7"])
    #expect(try twice.run.json()["notes"] as? [String] == ["no cat#7 found to keep"])
  }

  @Test func aBatchCountsPhotosWithNotes() throws {
    try folder.write("in/a.png", folder.bytes("a.png"))
    let run = try Command(
      [
        "batch", "in", "--output", "out", "--object", "cat", "--except", "cat#9", "--report",
        "r.html",
      ],
      in: folder)
    #expect(run.status == 0 && run.messages.hasSuffix("1 done\nefface: 1 of them has a note\n"))
    let page = String(decoding: try folder.bytes("r.html"), as: UTF8.self)
    #expect(page.contains("no cat#9 found to keep"))
    let dry = try Command(
      [
        "batch", "in", "--output", "none", "--object", "cat", "--dry-run", "--report", "d.html",
      ], in: folder)
    #expect(dry.status == 0 && dry.messages.hasSuffix("1 would be done\n"), "\(dry.messages)")
    #expect(!folder.has("none"))
    #expect(String(decoding: try folder.bytes("d.html"), as: UTF8.self).contains("What would go"))
  }

  /// A name that nothing has matches nothing: the status is the same as of one photo.
  @Test(arguments: [
    (["--object", "cat, persno"], "did you mean 'person'"),
    (["--object", "cat", "--except", "cta"], "'cta'"),
  ])
  func aBatchRefusesUnknownNamesBeforeItBegins(_ names: [String], _ message: String) throws {
    for call in [["batch", "a.png", "--output", "new"], ["remove-object", "a.png"]] {
      let run = try Command(call + names, in: folder)
      #expect(run.status == 2 && run.messages.contains(message), "\(run.messages)")
      #expect(folder.names == ["a.png"] && !folder.has("new"))
    }
  }

  @Test func severalPlacesAreOnOneThing() throws {
    let one = try select(["--at", "300,300+250,450"])
    #expect(one.removed == 1 && one.left && !one.right)
    let removed = try #require(try one.run.json()["removed"] as? [[String: Any]])
    let score = try #require(removed[0]["score"] as? Double)
    #expect(removed[0]["class"] is NSNull && score > 0.45 && score <= 1)
    let bad = try select(["--at", "300,300+"])
    #expect(bad.run.status == 64)
    let outside = try select(["--at", "300,300+9,9999"])
    #expect(outside.run.status == 64 && outside.run.messages.contains("--at 9,9999 lies outside"))
  }

  @Test func aDoubtfulClickIsSaid() throws {
    for place in ["40,60", "0,0"] {
      // On the bare wall.
      let wall = try select(["--at", place])
      let notes = try #require(try wall.run.json()["notes"] as? [String])
      let words = [
        "what is at \(place) has no clear outline: ", "only a spot of ",
      ]
      #expect(notes.contains { note in words.contains { note.hasPrefix($0) } })
    }
    let cat = try select(["--at", "300,300"])
    #expect(try cat.run.json()["notes"] as? [String] == [])
  }
}
