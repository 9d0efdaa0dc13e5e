import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

@Suite struct RemoveObjectTests {
  @Test func removesWhatAMaskCovers() throws {
    let folder = try Scratch()
    try folder.addPhoto("a b.jpg")
    try folder.addMask("m.png")
    let run = try Command(["remove-object", "a b.jpg", "--mask", "m.png", "--json"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let report = try run.json()
    let keys: Set = [
      "input", "output", "width", "height", "status", "error", "removed", "mask_pixels",
      "timings_ms", "peak_memory_bytes", "variants",
    ]
    #expect(keys.isSubset(of: report.keys))
    #expect(report["input"] as? String == "a b.jpg")
    #expect(report["output"] as? String == "a b-removed.jpg")
    #expect(report["width"] as? Int == 96 && report["height"] as? Int == 64)
    #expect(report["status"] as? String == "done" && report["error"] is NSNull)
    #expect((report["mask_pixels"] as? Int ?? 0) > 18 * 18)
    #expect((report["peak_memory_bytes"] as? Int ?? 0) > 1_000_000)
    let timings = try #require(report["timings_ms"] as? [String: Double])
    #expect(
      Set(timings.keys) == ["decode", "segment", "inpaint", "detail", "encode", "total"])
    let removed = try #require((report["removed"] as? [[String: Any]])?.first)
    #expect(removed["box"] as? [Int] == [39, 23, 18, 18] && removed["area"] as? Int == 324)
    #expect(Set(removed.keys) == ["class", "score", "box", "area"])
    let result = try decode(folder.bytes("a b-removed.jpg"), name: "a b-removed.jpg")
    #expect(result.photo.pixels[32, 48, 0] < 200, "the red spot is gone")
    #expect(folder.names == ["a b-removed.jpg", "a b.jpg", "m.png"])
  }

  @Test func replacesNothingUnasked() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.png")
    try folder.addMask("m.png")
    try folder.write("a-removed.png", [1, 2, 3])
    // Without the entry of history, which holds the time.
    let call = ["remove-object", "a.png", "--mask", "m.png", "--no-mark"]
    let refused = try Command(call, in: folder)
    #expect(refused.status == 1)
    #expect(
      refused.messages
        == "efface: a-removed.png: exists already; name another output, or add --force to replace "
        + "it\n")
    #expect(try folder.bytes("a-removed.png") == [1, 2, 3])
    #expect(try Command(call + ["--force"], in: folder).status == 0)
    #expect(try folder.bytes("a-removed.png").count > 100)
    try folder.addMask("old.png")
    for option in ["--compare", "--save-mask"] {
      let other = try Command(call + ["-o", "new.png", option, "old.png"], in: folder)
      #expect(other.status == 1 && !folder.has("new.png"))
    }
  }

  @Test func writesSeveralFillsToChooseFrom() throws {
    let folder = try Scratch()
    var pixels = Tensor<UInt8>(height: 64, width: 96, channels: 3, repeating: 0)
    for y in 0..<64 {
      for x in 0..<96 {
        let noise = (UInt32(y / 2 * 96 + x / 2) &* 0x9E37_79B1) >> 25
        for c in 0..<3 { pixels[y, x, c] = 60 + UInt8(noise) }
      }
    }
    try folder.write("a.png", try encodeNew(pixels: pixels, format: .png, quality: 92))
    try folder.addMask("m.png")
    // Without the entry of history, which holds the time.
    let call = ["remove-object", "a.png", "--mask", "m.png", "--no-mark"]
    let run = try Command(
      call + ["-o", "b.png", "--variants", "3", "--seed", "5", "--json"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let names = ["b-1.png", "b-2.png", "b-3.png"]
    #expect(folder.names == ["a.png"] + names + ["m.png"])
    let report = try run.json()
    #expect(report["output"] as? String == "b-1.png")
    let variants = try #require(report["variants"] as? [[String: Any]])
    #expect(variants.map { $0["output"] as? String } == names)
    #expect(variants.map { $0["seed"] as? Int } == [5, 6, 7])
    let fills = try names.map { try folder.bytes($0) }
    #expect(Set(fills).count == 3, "each fill differs")
    // The seed alone makes a variant again.
    #expect(try Command(call + ["-o", "c.png", "--seed", "7"], in: folder).status == 0)
    #expect(try folder.bytes("c.png") == fills[2])
    // None is replaced unasked, and none can go to standard output.
    try FileManager.default.removeItem(atPath: folder.path + "/b-1.png")
    #expect(try Command(call + ["-o", "b.png", "--variants", "3"], in: folder).status == 1)
    #expect(!folder.has("b-1.png"), "nothing is written when one name is taken")
    #expect(try Command(call + ["-o", "-", "--variants", "2"], in: folder).status == 64)
    #expect(try Command(call + ["--variants", "0"], in: folder).status == 64)
  }

  @Test func streams() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.png")
    try folder.addMask("m.png")
    let photo = Data(try folder.bytes("a.png"))
    let run = try Command(
      ["remove-object", "-", "--mask", "m.png", "--no-mark"], in: folder, input: photo)
    #expect(run.status == 0, "\(run.messages)")
    let result = try decode([UInt8](run.output), name: "-")
    #expect(result.source.format == .png && result.photo.width == 96)
    #expect(folder.names == ["a.png", "m.png"])
    let both = try Command(
      ["remove-object", "-", "--mask", "m.png", "--json"], in: folder, input: photo)
    #expect(both.status == 64 && both.output.isEmpty)
    let mask = Data(try folder.bytes("m.png"))
    let masked = try Command(
      ["remove-object", "a.png", "--mask", "-", "-o", "-", "--no-mark"], in: folder, input: mask)
    #expect(masked.status == 0 && masked.output == run.output)
  }

  @Test func writesComparisonsAndTheMask() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png")
    for name in ["c.png", "c.jpg", "c.gif", "c.html"] {
      let run = try Command(
        [
          "remove-object", "a.jpg", "--mask", "m.png", "-o", "\(name).jpg", "--compare", name,
          "--save-mask", "\(name)-mask.png", "--quiet",
        ], in: folder)
      #expect(run.status == 0 && run.messages.isEmpty && run.output.isEmpty, "\(run.messages)")
      #expect(try folder.bytes(name).count > 500)
      let mask = try decodeMask(folder.bytes("\(name)-mask.png"), name: "mask")
      #expect(mask.width == 96 && mask.height == 64)
      #expect(mask.values[32, 48] == 255 && mask.values[0, 0] == 0)
    }
    let bad = try Command(
      ["remove-object", "a.jpg", "--mask", "m.png", "-o", "x.jpg", "--compare", "c.bmp"],
      in: folder)
    #expect(bad.status == 64 && !folder.has("x.jpg"))
  }

  @Test(arguments: [
    (["remove-object", "a.jpg"], "say what should go"),
    (["remove-object"], "photo"),
    (["remove-object", "a.jpg", "--at", "12"], "12"),
    (["remove-object", "a.jpg", "--at", "-1,5"], "'-1,5' is invalid for '--at"),
    (["remove-object", "a.jpg", "--box", "1,2,0,4"], "1,2,0,4"),
    (["remove-object", "a.jpg", "--object", "car#0"], "car#0"),
    (["remove-object", "a.jpg", "--object", ","], "--object"),
    (["remove-object", "a.jpg", "--not-at", "3,4"], "--not-at narrows"),
    (["remove-object", "a.jpg", "--except", "cat", "--mask", "m.png"], "--except narrows"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--quality", "101"], "1 to 100"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--grow", "-3"], "--grow -3: give 0 to 2000"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--threads", "0"], "--threads"),
    (["remove-object", "-", "--mask", "-"], "cannot both"),
    (["remove-object", "a.jpg", "--mask", "-", "--mask", "-"], "cannot both"),
    (["remove-object", "a.jpg", "--mask", "m.png", "-o", "x.png"], "is a JPEG file and stays one"),
    (
      ["remove-object", "a.jpg", "--mask", "m.png", "-o", "x.jpg", "--compare", "x.jpg"],
      "one name"
    ),
    (["remove-object", "a.jpg", "--mask", "m.png", "--in-place", "--suffix", "-x"], "give one"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--in-place", "-o", "x.jpg"], "give one"),
    (["remove-object", "a.jpg", "--mask", "m.png", "-o", "x.jpg", "--suffix", "-x"], "give one"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--suffix", "/x"], "a part of a file's name"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--suffix", ""], "a part of a file's name"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--backup"], "--backup goes with --in-place"),
    (["remove-object", "-", "--mask", "m.png", "--in-place"], "not standard input"),
    (["remove-object", "-", "--mask", "m.png", "--keep-time", "-o", "x.jpg"], "--keep-time needs"),
    (["remove-object", "-", "--mask", "m.png", "--suffix", "-x"], "not standard input"),
    (["batch", "a.jpg", "--masks", ".", "--output", "out", "--in-place"], "--in-place"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--at", "96,0"], "96 x 64 pixels upright"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--wrong"], "--wrong"),
    (["remove-object", "a.jpg", "--objects", "person"], "Unknown option '--objects'"),
    (["remove-object", "a.jpg", "b.jpg", "--mask", "m.png"], "`efface batch` takes several"),
    (["remove-object", "a.jpg", "--mask", "m.png", "-o", "x.webp"], "is a JPEG file and stays"),
    (["remove-object", "a.jpg", "--mask", "m.png", "--save-mask", "x.jpg"], "written as .png"),
    (["pick", "-", "-o", "x.html"], "a photo with a name"),
    (["pick", "a.jpg", "-o", "x.txt"], "written as .html"),
    (["detect", "a.jpg", "--overlay", "x.gif"], ".png or .jpg"),
    (["compare", "a.jpg", "a.jpg", "-o", "x.tiff"], ".png, .jpg, .gif or .html"),
    (["batch", "a.jpg", "--output", "out"], "say what should go"),
    (["batch", "a.jpg", "--output", "out", "--masks", ".", "--shard", "3/2"], "3/2"),
    (["batch", "a.jpg", "--masks", "."], "--output"),
    (["batch", "-", "--output", "out", "--masks", "."], "standard input"),
    (["batch", "a.jpg", "-o", "out", "--mask", "m.png"], "Unknown option '--mask'"),
    (["batch", "a.jpg", "-o", "out", "--masks", ".", "--report", "x.txt"], "written as .html"),
    (["nonsense"], "nonsense"),
  ])
  func saysHowItIsUsed(_ arguments: [String], _ message: String) throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png")
    let run = try Command(arguments, in: folder)
    #expect(run.status == 64, "\(run.messages)")
    #expect(run.messages.contains(message), "\(run.messages)")
    #expect(run.output.isEmpty && folder.names == ["a.jpg", "m.png"])
  }

  @Test func aDrawnMaskStaysAsItIsBesideABox() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    var drawn = Tensor<UInt8>(height: 64, width: 96, channels: 1, repeating: 0)
    for y in 20..<60 { for x in 50..<80 { drawn[y, x] = 255 } }
    for y in 36..<44 { for x in 60..<68 { drawn[y, x] = 0 } }
    try folder.write("m.png", try encodeNew(pixels: drawn, format: .png))
    let run = try Command(
      [
        "remove-object", "a.jpg", "--mask", "m.png", "--box", "8,8,16,16", "--at", "55,30",
        "--grow", "0", "--save-mask", "used.png",
      ], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let used = try decodeMask(folder.bytes("used.png"), name: "used")
    // A gap that is left on purpose, and the strip between the mask and the border.
    #expect(used.values[40, 64] == 0 && used.values[40, 90] == 0 && used.values[62, 64] == 0)
    #expect(used.values[30, 55] == 255 && used.values[16, 16] == 255)
  }

  @Test func severalMasksAddUp() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    for (name, left) in [("m.png", 10), ("n.png", 70)] {
      var mask = Tensor<UInt8>(height: 64, width: 96, channels: 1, repeating: 0)
      for y in 20..<30 { for x in left..<left + 10 { mask[y, x] = 255 } }
      try folder.write(name, try encodeNew(pixels: mask, format: .png))
    }
    let call = ["remove-object", "a.jpg", "--mask", "m.png", "--grow", "0", "--mask"]
    let run = try Command(call + ["n.png", "--save-mask", "s.png", "--json"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    #expect((try run.json()["removed"] as? [Any])?.count == 2)
    let used = try decodeMask(folder.bytes("s.png"), name: "s.png")
    #expect(used.values[25, 15] == 255 && used.values[25, 75] == 255 && used.values[25, 45] == 0)
    // Each must be a mask.
    let missing = try Command(call + ["none.png", "--force"], in: folder)
    #expect(missing.status == 1 && missing.messages.contains("none.png: cannot be read"))
  }

  @Test func tellsWhatWasNotFound() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png")
    let call = ["remove-object", "a.jpg", "--object", "sheep#7", "--json"]
    let beside = try Command(call + ["--mask", "m.png"], in: folder)
    #expect(beside.status == 0, "\(beside.messages)")
    #expect(try beside.json()["notes"] as? [String] == ["no sheep#7 found"])
    let alone = try Command(call + ["-o", "b.jpg"], in: folder)
    #expect(alone.status == 2 && alone.messages.contains("no sheep#7 found"))
    let report = try alone.json()
    #expect(report["width"] as? Int == 96 && report["height"] as? Int == 64)
    #expect(report["status"] as? String == "nothing-matched" && !folder.has("b.jpg"))
    let timings = try #require(report["timings_ms"] as? [String: Double])
    #expect(timings["segment"] ?? 0 > 0 && timings["inpaint"] == 0)
  }

  @Test func theShadowGoesUnlessItIsKept() throws {
    let folder = try Scratch()
    // A red post on sand, and the shadow that it casts to the right.
    var pixels = Tensor<UInt8>(height: 180, width: 240, channels: 3, repeating: 0)
    for y in 0..<180 {
      for x in 0..<240 {
        let (dx, dy) = (Double(x - 142) / 38, Double(y - 142) / 9)
        let light = dx * dx + dy * dy < 1 ? [0.52, 0.53, 0.55] : [1, 1, 1]
        let grain = Double((x * 73 + y * 151 + x * y * 7) % 23) - 11
        let isHead = (x - 115) * (x - 115) + (y - 50) * (y - 50) < 196
        let isPost = (105..<125).contains(x) && (60..<145).contains(y)
        for (channel, sand) in [190.0, 170, 130].enumerated() {
          let red = channel == 0 ? 200.0 : 40
          let value = isHead || isPost ? red : (sand + grain) * light[channel]
          pixels[y, x, channel] = UInt8(value)
        }
      }
    }
    try folder.write("post.png", try encodeNew(pixels: pixels, format: .png))
    var sizes: [Int] = []
    for extra in [["-o", "a.png"], ["-o", "b.png", "--keep-shadow"]] {
      let run = try Command(
        ["remove-object", "post.png", "--box", "98,33,34,115", "--grow", "0", "--json"] + extra,
        in: folder)
      #expect(run.status == 0, "\(run.messages)")
      sizes.append(try #require(try run.json()["mask_pixels"] as? Int))
    }
    // The shadow beside the post has some 800 pixels.
    #expect(sizes[0] > sizes[1] + 500 && sizes[0] < sizes[1] + 1500, "\(sizes)")
  }

  @Test func aBoxAlwaysMeansSomething() throws {
    let folder = try Scratch()
    let pixels = Tensor<UInt8>(height: 384, width: 512, channels: 3, repeating: 150)
    try folder.write("even.png", try encodeNew(pixels: pixels, format: .png))
    let run = try Command(
      ["remove-object", "even.png", "--box", "5,5,2,2", "--json"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let removed = try #require((try run.json()["removed"] as? [[String: Any]])?.first)
    #expect(removed["area"] as? Int ?? 0 >= 4, "\(removed)")
  }

  @Test(arguments: [
    ("persn", "a.jpg: no class is called 'persn' (did you mean 'person'?); known: person, "),
    ("people", "did you mean 'person'?"),
    ("unicorn", "no class is called 'unicorn'; known: "),
    ("person,cart", "no class is called 'cart' (did you mean 'car' or 'cat'?)"),
    ("cat", "a.jpg: no cat found; found: "),
    ("object", "'object' is not recognized well enough to be asked for by name; show it with --at"),
  ])
  func saysWhatIsFoundWhereANameMatchesNothing(_ name: String, _ message: String) throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    let run = try Command(["remove-object", "a.jpg", "--object", name], in: folder)
    #expect(run.status == 2, "\(run.messages)")
    #expect(run.messages.contains(message), "\(run.messages)")
    #expect(run.messages.contains("; found: "), "\(run.messages)")
    #expect(run.messages.split(separator: "\n").count == 1 && folder.names == ["a.jpg"])
  }

  @Test(arguments: [
    ("missing.jpg", "missing.jpg: cannot be read: no such file or directory"),
    ("folder", "folder: cannot be read: it is a folder; `efface batch` takes folders"),
    ("empty.jpg", "empty.jpg: the file is empty"),
    ("text.jpg", "text.jpg: this is no JPEG or PNG file"),
    ("cut.jpg", "cut.jpg: the JPEG file ends too early"),
    ("cut.png", "cut.png: the PNG file ends too early"),
  ])
  func saysWhatIsWrongWithAFile(_ name: String, _ message: String) throws {
    let folder = try Scratch()
    try folder.addMask("m.png")
    try folder.addPhoto("a.jpg")
    try folder.addPhoto("a.png")
    try folder.write("folder/x", [])
    try folder.write("empty.jpg", [])
    try folder.write("text.jpg", Array("This is no photo, but a line of text.\n".utf8))
    for format in ["jpg", "png"] {
      let bytes = try folder.bytes("a.\(format)")
      try folder.write("cut.\(format)", Array(bytes.prefix(bytes.count / 2)))
    }
    let before = folder.names
    let run = try Command(["remove-object", name, "--mask", "m.png", "-o", "out"], in: folder)
    #expect(run.status == 1)
    #expect(run.messages.hasPrefix("efface: \(message)"), "\(run.messages)")
    #expect(run.messages.split(separator: "\n").count == 1 && run.output.isEmpty)
    #expect(folder.names == before)
    let json = try Command(
      ["remove-object", name, "--mask", "m.png", "-o", "out", "--json"], in: folder)
    let report = try json.json()
    #expect(json.status == 1 && report["status"] as? String == "failed")
    #expect((report["error"] as? String)?.hasPrefix(message) == true)
  }

  @Test func wantsAMaskOfThePhotosSize() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png", width: 64, height: 96)
    let run = try Command(["remove-object", "a.jpg", "--mask", "m.png"], in: folder)
    #expect(run.status == 1)
    #expect(
      run.messages
        == "efface: m.png: is 64 x 96 pixels, but a.jpg is 96 x 64 upright; make the mask of the "
        + "photo's own size\n")
    #expect(folder.names == ["a.jpg", "m.png"])
  }

  @Test func saysWhenNothingMatches() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png", radius: 0)
    let run = try Command(["remove-object", "a.jpg", "--mask", "m.png", "--json"], in: folder)
    #expect(run.status == 2 && run.messages.contains("no white pixel"))
    #expect(try run.json()["status"] as? String == "nothing-matched")
    let named = try Command(["remove-object", "a.jpg", "--object", "person#9"], in: folder)
    #expect(named.status == 2 && named.messages.contains("no person#9 found; found: "))
    #expect(folder.names == ["a.jpg", "m.png"])
  }

  /// Selections add up: a black mask adds nothing, and takes nothing away.
  @Test(arguments: [["--box", "39,23,18,18"], ["--mask", "m.png"]])
  func aBlackMaskLeavesTheOtherSelections(_ others: [String]) throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png")
    for name in ["black.png", "dark.png"] { try folder.addMask(name, radius: 0) }
    let call = ["remove-object", "a.jpg", "--mask", "black.png", "--json"]
    let run = try Command(call + others, in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let report = try run.json()
    #expect((report["removed"] as? [Any])?.count == 1)
    let notes = try #require(report["notes"] as? [String])
    #expect(notes.contains("black.png: the mask has no white pixel"))
    let none = try Command(call + ["--mask", "dark.png", "--force"], in: folder)
    #expect(none.status == 2)
    #expect(none.messages.contains("black.png: the mask has no white pixel; paint white what"))
  }

  @Test func writesNothingWhereItCannot() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addMask("m.png")
    let call = ["remove-object", "a.jpg", "--mask", "m.png", "-o"]
    let missing = try Command(call + ["none/a.jpg"], in: folder)
    #expect(missing.status == 1)
    #expect(missing.messages.contains("none/a.jpg: cannot be written: no such file or directory"))
    // Before any work, so that no other result is there either.
    for options in [
      ["none/a.jpg", "--save-mask", "s.png"], ["b.jpg", "--save-mask", "none/s.png"],
      ["b.jpg", "--compare", "none/c.png"], ["m.png/b.jpg", "--compare", "c.png"],
    ] {
      let run = try Command(call + options, in: folder)
      #expect(run.status == 1 && run.messages.split(separator: "\n").count == 1)
      #expect(run.messages.contains(": cannot be written: no"), "\(run.messages)")
      #expect(folder.names == ["a.jpg", "m.png"])
    }
    let photo = try Command(["remove-object", "none/a.jpg", "--mask", "m.png"], in: folder)
    #expect(photo.status == 1 && photo.messages.contains("none/a.jpg: cannot be read: no such"))
    if FileManager.default.fileExists(atPath: "/dev/full") {
      let device = try Command(call + ["/dev/full"], in: folder)
      #expect(device.status == 1 && device.messages.contains("/dev/full: cannot be written"))
    }
    #expect(folder.names == ["a.jpg", "m.png"])
  }

  @Test(.enabled(if: Command.installed("convert") != nil))
  func takesPositionsOfTheUprightPhoto() throws {
    let convert = try #require(Command.installed("convert"))
    let folder = try Scratch()
    try folder.addPhoto("plain.jpg")
    // Stored 96 × 64, to be turned by 90 degrees: upright it is 64 × 96.
    let exif: [UInt8] = [
      0xFF, 0xE1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1,
      1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
    ]
    let plain = try folder.bytes("plain.jpg")
    try folder.write("a.jpg", Array(plain.prefix(2)) + exif + plain.dropFirst(2))
    try folder.addMask("wrong.png")
    try folder.addMask("m.png", width: 64, height: 96)
    let wrong = try Command(["remove-object", "a.jpg", "--mask", "wrong.png"], in: folder)
    #expect(wrong.status == 1 && wrong.messages.contains("a.jpg is 64 x 96 upright"))
    let run = try Command(["remove-object", "a.jpg", "--mask", "m.png", "--json"], in: folder)
    let report = try run.json()
    #expect(report["width"] as? Int == 64 && report["height"] as? Int == 96)
    // Another program turns the result upright: the spot in its middle is gone.
    let turned = try Command(
      convert, ["a-removed.jpg", "-auto-orient", "-format", "%w %h", "info:"], in: folder)
    #expect(turned.text == "64 96")
    let result = try decode(folder.bytes("a-removed.jpg"), name: "")
    #expect(result.photo.orientation == .right && result.photo.width == 96)
    #expect(result.photo.pixels[32, 48, 0] < 200, "the red spot is gone")
  }
}
