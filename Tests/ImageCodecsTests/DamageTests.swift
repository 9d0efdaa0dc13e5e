import Photos
import Tensors
import Testing

@testable import ImageCodecs

/// Files that are cut, changed, empty or absurd: one clear error, or a picture; never a crash.
@Suite struct DamageTests {
  @Test func anEmptyFileSaysSo() {
    #expect(throws: CodecError.empty) { _ = try decode([], name: "a.jpg") }
  }

  @Test(arguments: [
    ("GIF89a", "GIF"), ("RIFF\u{1}\u{1}\u{1}\u{1}WEBPVP8 ", "WebP"), ("%PDF-1.4", "PDF"),
    ("\u{1}\u{1}\u{1}\u{1}ftypheic", "HEIC"), ("II*\u{0}\u{8}", "TIFF or camera raw"),
  ]) func otherKindsAreNamed(start: String, kind: String) {
    #expect(throws: CodecError.unrecognized(kind: kind)) {
      _ = try decode(Array(start.utf8), name: "a.jpg")
    }
    #expect("\(CodecError.unrecognized(kind: kind))".contains("convert it first"))
  }

  @Test func textIsNoPicture() {
    #expect(throws: CodecError.unrecognized(kind: nil)) {
      _ = try decode(Array("hello, world".utf8), name: "a.jpg")
    }
  }

  @Test func aCutPictureIsNeverPaintedGrey() throws {
    for fixture in Fixture.jpegs + Fixture.pngs where fixture.width > 40 {
      let bytes = fixture.bytes
      // What lies behind the last coded byte of a sound file may be missing.
      let needed = bytes.count - 40
      for length in stride(from: 1, to: needed, by: 47) where !fixture.name.contains("behind") {
        let cut = Array(bytes[..<length])
        #expect(throws: CodecError.self, "\(fixture.name) cut to \(length)") {
          _ = try decode(cut, name: fixture.name)
        }
      }
    }
  }

  @Test func aCutSaysThatTheFileEndsTooEarly() {
    for name in ["ycc420-baseline.jpg", "ycc420-progressive.jpg", "rgb8.png"] {
      let bytes = Fixture.bytes(name)
      let format: ImageFormat = name.hasSuffix("png") ? .png : .jpeg
      #expect(throws: CodecError.truncated(format), "\(name)") {
        _ = try decode(Array(bytes[..<(bytes.count * 2 / 3)]), name: name)
      }
    }
  }

  @Test(arguments: Fixture.jpegs + Fixture.pngs)
  func changedBytesThrowOrDecode(fixture: Fixture) {
    let bytes = fixture.bytes
    var state = UInt64(bytes.count)
    func random(_ n: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % n
    }
    var outcomes: [Outcome] = []
    for _ in 0..<40 {
      var changed = bytes
      for _ in 0..<1 + random(4) {
        // Headers are the more interesting half.
        let at = random(2) == 0 ? random(bytes.count) : random(min(bytes.count, 700))
        changed[at] = [0, 255, UInt8(random(256)), changed[at] ^ UInt8(1 << random(8))][random(4)]
      }
      outcomes.append(tryEverything(changed))
    }
    // Most of what can be read can be written too, but for coefficients that are out of range. Checksums refuse
    // nearly every change of a PNG.
    let edited = outcomes.count { $0 == .edited }
    #expect(edited >= 4 * outcomes.count { $0 == .unwritable })
    #expect(edited > 0 || fixture.name.hasSuffix(".png"))
  }

  @Test func whatOnceCrashedDoesNot() {
    let crashers = Fixture.names.filter { $0.hasPrefix("crasher") }
    #expect(!crashers.isEmpty)
    for name in crashers { _ = tryEverything(Fixture.bytes(name)) }
  }

  @Test func absurdSizesAreRefusedBeforeMemoryIsAsked() throws {
    var jpeg = Fixture.bytes("ycc420-baseline.jpg")
    let frame = try #require(
      jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(throws: CodecError.self) { _ = try decode(jpeg, name: "") }
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x3F, 0xFF, 0x3F, 0xFF])
    #expect(throws: CodecError.truncated(.jpeg)) { _ = try decode(jpeg, name: "") }

    var png = Fixture.bytes("rgb8.png")
    png.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
    #expect(throws: CodecError.self) { _ = try decode(png, name: "") }
    png.replaceSubrange(16..<24, with: [0, 0, 0x3F, 0xFF, 0, 0, 0x3F, 0xFF])
    #expect(throws: CodecError.truncated(.png)) { _ = try decode(png, name: "") }
  }

  /// The samples in all their forms at the peak, the file and its result have to fit into three quarters.
  @Test(arguments: [("grey16.png", 12), ("greya16.png", 14), ("rgb16.png", 16), ("rgba16.png", 18)])
  func samplesOfSixteenBitsNeedTheirMemory(name: String, bytesPerPixel: Int) throws {
    #expect(try PNGFile(Fixture.bytes(name)).deepBytesPerPixel == bytesPerPixel)
    func check(memory: UInt64) throws(CodecError) {
      try SizeLimits.check(
        width: 1000, height: 1000, bytesPerPixel: bytesPerPixel, fileBytes: 3_000_000,
        memory: memory)
    }
    let needed = UInt64(bytesPerPixel * 1_000_000 + 6_000_000)
    try check(memory: 0)
    try check(memory: needed / 3 * 4 + 8)
    #expect(throws: CodecError.self) { try check(memory: needed / 3 * 4 - 8) }
  }

  @Test func scansWithoutEndAreRefused() throws {
    let bytes = Fixture.bytes("ycc420-progressive.jpg")
    let file = JPEGFile(bytes)
    let first = try #require(
      file.segments.firstIndex { $0.marker == JPEGFile.Marker.startOfScan })
    let start = file.segments[first].range.lowerBound
    let end = file.segments[first + 1].range.lowerBound
    var many = Array(bytes[..<start])
    for _ in 0..<600 { many += bytes[start..<end] }
    many += bytes[end...]
    #expect(throws: CodecError.unsupported(.jpeg, what: "more than 500 scans")) {
      _ = try decode(many, name: "")
    }
  }

  /// A few bytes can hold a scan of any number of blocks that stay as they are.
  @Test(arguments: [(120, true), (400, false)])
  func scansThatSayNothingAreNotReadWithoutEnd(scans: Int, isRead: Bool) throws {
    func segment(_ marker: UInt8, _ contents: [UInt8]) -> [UInt8] {
      [0xFF, marker, 0, UInt8(contents.count + 2)] + contents
    }
    // 2048 x 2048 grey pixels, which are 65,536 blocks.
    var bytes: [UInt8] = [0xFF, 0xD8] + segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
    bytes += segment(0xC2, [8, 8, 0, 8, 0, 1, 1, 0x11, 0])
    // One code each, of one bit and of two: a mean that stays, and a run of 2^14 and more blocks that stay.
    for (table, count, symbol) in [(UInt8(0), [UInt8(1), 0], UInt8(0)), (0x10, [0, 1], 0xE0)] {
      bytes += segment(0xC4, [table] + count + [UInt8](repeating: 0, count: 14) + [symbol])
    }
    bytes += segment(0xDA, [1, 1, 0, 0, 0, 0]) + [UInt8](repeating: 0, count: 8192)
    for _ in 1..<scans {
      // The code and 14 bits of the run's length, four times.
      bytes += segment(0xDA, [1, 1, 0, 1, 63, 0]) + (0..<4).flatMap { _ in [UInt8(0x15), 0x55] }
    }
    bytes += [0xFF, 0xD9]
    if isRead {
      #expect(try decode(bytes, name: "").photo.width == 2048)
    } else {
      let what = "too many scans for so little data"
      #expect(throws: CodecError.unsupported(.jpeg, what: what)) {
        _ = try decode(bytes, name: "")
      }
    }
  }

  @Test func twelveBitsAreNotRead() throws {
    var jpeg = Fixture.bytes("ycc420-baseline.jpg")
    let frame = try #require(
      jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg[frame + 1] = 0xC1
    jpeg[frame + 4] = 12
    do {
      _ = try decode(jpeg, name: "")
      Issue.record("decoded 12 bits")
    } catch {
      guard case .unsupported(.jpeg, _) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func aPictureOfAnotherSizeIsNoEdit() throws {
    let decoded = try decode(Fixture.bytes("rgb8.png"), name: "")
    let mask = Mask(width: 3, height: 3)
    #expect(throws: CodecError.self) {
      _ = try encode(decoded.photo, changed: mask, over: decoded.source)
    }
  }

  /// What became of a damaged file.
  private enum Outcome { case refused, unwritable, edited }

  /// Decodes, and where that goes, edits and decodes the result.
  private func tryEverything(_ bytes: [UInt8]) -> Outcome {
    _ = try? decodeMask(bytes, name: "")
    guard var decoded = try? decode(bytes, name: "") else { return .refused }
    guard decoded.photo.width * decoded.photo.height < 1 << 20 else { return .refused }
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    guard let result = try? encode(decoded.photo, changed: mask, over: decoded.source) else {
      return .unwritable
    }
    do {
      _ = try decode(result.bytes, name: "")
    } catch {
      Issue.record("the result of an edit does not decode: \(error)")
    }
    return .edited
  }
}
