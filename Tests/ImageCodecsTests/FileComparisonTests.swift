import Photos
import Tensors
import Testing

@testable import ImageCodecs

@Suite struct FileComparisonTests {
  @Test(arguments: ["metadata.jpg", "chunks.png", "rgba16.png", "ycc420-progressive.jpg"])
  func anEditLeavesTheRestAlone(name: String) throws {
    let bytes = Fixture.bytes(name)
    var decoded = try decode(bytes, name: name)
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    let comparison = try compareFiles(bytes, result.bytes, mask: mask)
    #expect(comparison.isUntouchedOutsideMask)
    #expect(comparison.differing > 0 && comparison.box != nil)
    let expected = [
      "metadata.jpg": ["EXIF IFD1 ThumbnailLength changed", "EXIF IFD1 thumbnail changed"],
      "chunks.png": ["tIME removed"],
    ]
    #expect(comparison.metadata.map(\.description) == expected[name] ?? [])
    if name.hasSuffix("jpg") {
      #expect(comparison.blocks?.outsideMask == 0)
      #expect(comparison.blocks?.differing ?? 0 > 0)
    } else {
      #expect(comparison.differingOutsideMask == 0 && comparison.blocks == nil)
    }
    // Without leave to differ, the same edit shows.
    let none = Mask(width: mask.width, height: mask.height)
    #expect(try !compareFiles(bytes, result.bytes, mask: none).isUntouchedOutsideMask)
  }

  @Test func theSameFileHasNoDifference() throws {
    let bytes = Fixture.bytes("ycc422-restart.jpg")
    let mask = Mask(width: 101, height: 75)
    let comparison = try compareFiles(bytes, bytes, mask: mask)
    #expect(comparison.differing == 0 && comparison.box == nil && comparison.metadata.isEmpty)
    #expect(comparison.blocks?.differing == 0)
  }

  /// Alpha and bits that another type has no room for are differences; the type itself is none.
  @Test(arguments: [
    ("rgba8.png", false), ("rgb8-key.png", false), ("palette8-alpha.png", false),
    ("greya16.png", false), ("rgb16.png", false), ("grey16-interlaced.png", false),
    ("rgb8.png", true), ("palette4.png", true), ("grey2.png", true), ("ycc420-baseline.jpg", true),
  ])
  func whatAPlainCopyLosesIsADifference(name: String, isSame: Bool) throws {
    let bytes = Fixture.bytes(name)
    let decoded = try decode(bytes, name: name)
    let copy = try encodeNew(pixels: decoded.photo.pixels, format: .png)
    let mask = Mask(width: decoded.photo.width, height: decoded.photo.height)
    for (one, two) in [(bytes, copy), (copy, bytes)] {
      let comparison = try compareFiles(one, two, mask: mask)
      #expect((comparison.differing == 0) == isSame)
      #expect(comparison.isUntouchedOutsideMask == isSame)
    }
  }

  @Test(arguments: ["rgb8-key.png", "palette8-alpha.png", "grey16-key.png"])
  func aTransparentColorThatIsLostIsADifference(name: String) throws {
    let bytes = Fixture.bytes(name)
    let file = try PNGFile(bytes)
    let chunk = try #require(file.chunks.first { $0.type == "tRNS" })
    let opaque = Array(bytes[..<chunk.range.lowerBound] + bytes[chunk.range.upperBound...])
    let mask = Mask(width: file.width, height: file.height)
    #expect(try !compareFiles(bytes, opaque, mask: mask).isUntouchedOutsideMask)
  }

  @Test func invertedInksAreADifference() throws {
    var bytes = Fixture.bytes("cmyk.jpg")
    let marker = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xEE]) })
    let length = Int(bytes[marker + 2]) << 8 | Int(bytes[marker + 3])
    // Inks as they are: without the marker they mean the same, but for being inverted.
    bytes[marker + 1 + length] = 0
    let bare = Array(bytes[..<marker] + bytes[(marker + 2 + length)...])
    let size = try decode(bytes, name: "a.jpg")
    let none = Mask(width: size.photo.width, height: size.photo.height)
    let comparison = try compareFiles(bytes, bare, mask: none)
    #expect(comparison.differing > 0 && !comparison.isUntouchedOutsideMask)
  }

  @Test func addedAndRemovedMetadataIsNamed() throws {
    let plain = Fixture.bytes("ycc420-baseline.jpg")
    let mask = Mask(width: 101, height: 75)
    let said = plain[..<2] + [0xFF, 0xFE, 0, 4, 65, 66] + plain[2...]
    #expect(
      try compareFiles(plain, Array(said), mask: mask).metadata.map(\.description)
        == ["comment added"])
    #expect(
      try compareFiles(Array(said), plain, mask: mask).metadata.map(\.description)
        == ["comment removed"])
  }

  /// Equal parts first, then the next of the same name that the first file lacks.
  @Test func partsAreMatchedInOrder() throws {
    let plain = Fixture.bytes("ycc420-baseline.jpg")
    let mask = Mask(width: 101, height: 75)
    func file(_ parts: [(UInt8, String)]) -> [UInt8] {
      var bytes = Array(plain.prefix(2))
      for (marker, text) in parts {
        bytes += [0xFF, marker, 0, UInt8(text.utf8.count + 2)]
        bytes += text.utf8
      }
      return bytes + plain.dropFirst(2)
    }
    let before = file([(0xFE, "a"), (0xFE, "b"), (0xEF, "c"), (0xFE, "b"), (0xED, "d")])
    let after = file([(0xFE, "b"), (0xEE, "e"), (0xEF, "f"), (0xFE, "g"), (0xEF, "h")])
    #expect(
      try compareFiles(before, after, mask: mask).metadata.map(\.description) == [
        "comment changed", "APP15 changed", "comment removed", "APP13 removed",
        "APP14 added", "APP15 added",
      ])
  }

  @Test(.timeLimit(.minutes(1))) func manyPartsTakeNoLongerThanTheirBytes() throws {
    let plain = Fixture.bytes("ycc420-baseline.jpg")
    func file(_ part: [UInt8]) -> [UInt8] {
      var bytes = Array(plain.prefix(2))
      for _ in 0..<40_000 { bytes += part }
      return bytes + plain.dropFirst(2)
    }
    let (a, b) = (file([0xFF, 0xFE, 0, 2]), file([0xFF, 0xFE, 0, 3, 65]))
    let changes = try compareFiles(a, b, mask: Mask(width: 101, height: 75)).metadata
    #expect(changes.count == 40_000 && changes.allSatisfy { $0.kind == .changed })
  }

  @Test func metadataIsToldByItsFields() throws {
    let bytes = Fixture.bytes("metadata.jpg")
    var decoded = try decode(bytes, name: "")
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let mark = EncodingOptions.Mark(software: "Efface", date: "2026-01-02T03:04:05Z")
    func changes(_ options: EncodingOptions) throws -> [String] {
      let result = try encode(
        decoded.photo, changed: mask, over: decoded.source, options: options)
      return try compareFiles(bytes, result.bytes, mask: mask).metadata.map(\.description)
    }
    #expect(
      try changes(EncodingOptions(thumbnail: .drop, mark: mark)) == [
        "EXIF IFD1 Compression removed", "EXIF IFD1 ThumbnailOffset removed",
        "EXIF IFD1 ThumbnailLength removed", "EXIF IFD1 thumbnail removed",
        "XMP xmpMM:History added",
      ])
    let gps = try changes(EncodingOptions(strip: .gps))
    #expect(gps.contains("EXIF GPS 0x0001 removed") && gps.contains("EXIF GPS 0x0003 removed"))
  }

  @Test func damagedMetadataNeverCrashes() throws {
    let bytes = Fixture.bytes("metadata.jpg")
    let mask = Mask(width: 101, height: 75)
    let end = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xDB]) })
    var state: UInt64 = 11
    for _ in 0..<300 {
      var changed = bytes
      for _ in 0..<4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        changed[20 + Int(state >> 33) % (end - 20)] = UInt8(truncatingIfNeeded: state >> 22)
      }
      _ = try? compareFiles(bytes, changed, mask: mask)
    }
  }

  @Test func anotherQualityHasOtherTables() throws {
    let a = Fixture.bytes("ycc420-quality25.jpg")
    let b = Fixture.bytes("ycc420-baseline.jpg")
    let comparison = try compareFiles(a, b, mask: Mask(width: 101, height: 75))
    #expect(comparison.blocks == nil && !comparison.isUntouchedOutsideMask)
  }
}
