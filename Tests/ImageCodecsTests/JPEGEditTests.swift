import CImageCodecs
import Photos
import Tensors
import Testing

@testable import ImageCodecs

@Suite struct JPEGEditTests {
  @Test(arguments: Fixture.jpegs, Hole.allCases)
  func coefficientsOutsideTheMaskAreTheSources(fixture: Fixture, hole: Hole) throws {
    let bytes = fixture.bytes
    var decoded = try decode(bytes, name: fixture.name)
    let mask = hole.mask(width: fixture.width, height: fixture.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)

    let before = Coefficients(bytes)
    let after = Coefficients(result.bytes)
    try #require(after.isClean)
    #expect(after.frame == before.frame)
    let comparison = before.compare(with: after, outside: mask)
    #expect(comparison.differingOutside == 0)
    #expect(comparison.sameLayout)
    #expect(result.replacedBlocks == comparison.blocksInside)

    // Everything else of the file is there, byte for byte and in order.
    let (source, edited) = (JPEGFile(bytes), JPEGFile(result.bytes))
    #expect(source.scans == edited.scans)
    if !fixture.name.hasPrefix("metadata") {
      #expect(metadata(source, bytes) == metadata(edited, result.bytes))
    }
    #expect(edited.segments.last?.marker == JPEGFile.Marker.endOfImage)
    let again = try decode(result.bytes, name: fixture.name)
    #expect(again.source.orientation == decoded.source.orientation)
    // The rows that the mask does not touch are not needed for it.
    let released = try encode(releasing: &decoded.photo, changed: mask, over: decoded.source)
    #expect(released == result)
  }

  @Test(arguments: ["ycc420-baseline.jpg", "ycc444-baseline.jpg", "cmyk.jpg", "grey-baseline.jpg"])
  func theFillArrives(name: String) throws {
    var decoded = try decode(Fixture.bytes(name), name: name)
    var mask = Mask(width: decoded.photo.width, height: decoded.photo.height)
    for y in 16..<48 {
      for x in 16..<64 {
        mask.values[y, x] = 255
        let value = UInt8(x * 2 + y)
        for (c, v) in [value, name.hasPrefix("grey") ? value : 200 - value, value].enumerated() {
          decoded.photo.pixels[y, x, c] = v
        }
      }
    }
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    let after = try decode(result.bytes, name: name)
    var sum = 0
    for y in 17..<47 {
      for x in 17..<63 {
        for c in 0..<3 {
          sum += abs(Int(after.photo.pixels[y, x, c]) - Int(decoded.photo.pixels[y, x, c]))
        }
      }
    }
    #expect(Double(sum) / Double(30 * 46 * 3) < 6)
  }

  @Test(arguments: Fixture.jpegs)
  func aQualityCodesThePictureAnew(fixture: Fixture) throws {
    let bytes = fixture.bytes
    var decoded = try decode(bytes, name: fixture.name)
    let mask = Hole.middle.mask(width: fixture.width, height: fixture.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(
      decoded.photo, changed: mask, over: decoded.source, options: EncodingOptions(quality: 95))
    let after = try decode(result.bytes, name: fixture.name)
    let (old, new) = (try jpegInfo(bytes), try jpegInfo(result.bytes))
    #expect(new.color == old.color && new.components == old.components)
    #expect(new.horizontal == old.horizontal && new.vertical == old.vertical)
    #expect(new.arithmetic == old.arithmetic && new.progressive == old.progressive)
    let (source, edited) = (JPEGFile(bytes), JPEGFile(result.bytes))
    #expect(source.scans.first?.restartInterval == edited.scans.first?.restartInterval)
    if !fixture.name.hasPrefix("metadata") {
      #expect(metadata(source, bytes) == metadata(edited, result.bytes))
    }
    var sum = 0
    for i in 0..<after.photo.pixels.count {
      sum += abs(Int(after.photo.pixels.span[i]) - Int(decoded.photo.pixels.span[i]))
    }
    #expect(Double(sum) / Double(after.photo.pixels.count) < 12)
  }

  /// What the edit of a file in many scans starts from holds the very same coefficients.
  @Test(arguments: Fixture.jpegs)
  func manyScansAreReadOnce(fixture: Fixture) throws {
    let bytes = fixture.bytes
    let decoded = try decode(bytes, name: fixture.name)
    guard let copy = decoded.source.sequential else {
      let file = JPEGFile(bytes)
      // MCUs of more than ten blocks need a scan for each component; and what libjpeg smooths for
      // lack of scans must look the same.
      let exceptions = ["factors", "unfinished"].contains { fixture.name.contains($0) }
      #expect(file.scans.count == 1 || exceptions, "\(file.scans.count) scans")
      return
    }
    let (before, after) = (Coefficients(bytes), Coefficients(copy))
    try #require(after.isClean)
    let none = Mask(width: fixture.width, height: fixture.height)
    let comparison = before.compare(with: after, outside: none)
    #expect(comparison.differingOutside == 0 && comparison.sameLayout)
    #expect(before.frame.colorSpace == after.frame.colorSpace)
    #expect(JPEGFile(copy).scans.count == 1)
  }

  /// A file after an edit in its middle.
  private func edited(_ bytes: [UInt8]) throws -> EncodedPhoto {
    var decoded = try decode(bytes, name: "")
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    return try encode(decoded.photo, changed: mask, over: decoded.source)
  }

  /// What decoders forgive and libjpeg's writer does not is written in another way.
  ///
  /// That is a scan that comes twice, or a table with two codes for a symbol; other failures stay failures.
  @Test func scansThatCannotBeWrittenAreMadeAnew() throws {
    let bytes = Fixture.bytes("ycc420-progressive.jpg")
    let starts = JPEGFile(bytes).segments.filter { $0.marker == JPEGFile.Marker.startOfScan }
    let first = try #require(starts.first).range.lowerBound
    let rest = try #require(
      JPEGFile(bytes).segments.first { $0.range.lowerBound > first }
    ).range.lowerBound
    let twice = try edited(Array(bytes[..<rest]) + bytes[first...])
    #expect(try #require(twice.notes.first).hasPrefix("scans and code tables made anew ("))

    var baseline = Fixture.bytes("ycc420-baseline.jpg")
    let tables = JPEGFile(baseline).segments.filter {
      $0.marker == JPEGFile.Marker.huffmanTables && baseline[$0.contents].first == 0x10
    }
    // The last symbol, of the rarest code, becomes the first one.
    let table = try #require(tables.first).contents
    baseline[table.lowerBound + 16 + 162] = baseline[table.lowerBound + 17]
    let bogus = try edited(baseline)
    #expect(
      bogus.notes == ["scans and code tables made anew (bogus Huffman table definition)"])

    func write(_ code: efi_code) throws(CodecError) {
      try unsafe Library.write(.jpeg) { _, _ in
        code
      } collect: { _ in
        ()
      }
    }
    let none = "no reason given"
    #expect(throws: CodecError.unwritableScans(detail: none)) { try write(EFI_BAD_SCRIPT) }
    #expect(throws: CodecError.notEncodable(.jpeg, detail: none)) { try write(EFI_CORRUPT) }
  }

  @Test func nothingChangedMeansTheSameFile() throws {
    let bytes = Fixture.bytes("metadata.jpg")
    let decoded = try decode(bytes, name: "a.jpg")
    let mask = Mask(width: decoded.photo.width, height: decoded.photo.height)
    #expect(try encode(decoded.photo, changed: mask, over: decoded.source).bytes == bytes)
  }

  @Test func aSmallEditKeepsTheHeaderByteForByte() throws {
    let bytes = Fixture.bytes("ycc420-baseline.jpg")
    var decoded = try decode(bytes, name: "a.jpg")
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    let scan = try #require(JPEGFile(header: bytes).segments.last)
    #expect(result.bytes[..<scan.range.upperBound] == bytes[..<scan.range.upperBound])
  }

  private func metadata(_ file: JPEGFile, _ bytes: [UInt8]) -> [[UInt8]] {
    file.segments.filter(\.isMetadata).map { Array(bytes[$0.range]) }
  }
}
