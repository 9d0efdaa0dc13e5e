import Photos
import Tensors
import Testing

@testable import ImageCodecs

/// Photoshop's resources hold copies of other metadata, and of the picture: they follow the edit, too.
@Suite struct PhotoshopTests {
  /// A resource without a name.
  private func resource(_ id: Int, _ data: [UInt8]) -> [UInt8] {
    let size = (0..<4).map { UInt8(data.count >> (24 - 8 * $0) & 255) }
    return Array("8BIM".utf8) + [UInt8(id >> 8), UInt8(id & 255), 0, 0] + size + data
      + (data.count % 2 == 1 ? [0] : [])
  }

  /// A sound JPEG with resources behind its first marker, in one segment each.
  private func jpeg(_ parts: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = [0xFF, 0xD8]
    for part in parts {
      let length = PhotoshopBlock.name.count + part.count + 2
      bytes += [0xFF, 0xED, UInt8(length >> 8), UInt8(length & 255)] + PhotoshopBlock.name + part
    }
    return bytes + Fixture.bytes("ycc420-baseline.jpg").dropFirst(2)
  }

  /// A file after an edit in its middle.
  private func edited(
    _ bytes: [UInt8], _ strip: EncodingOptions.Strip = .nothing
  ) throws -> EncodedPhoto {
    var decoded = try decode(bytes, name: "")
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    return try encode(
      decoded.photo, changed: mask, over: decoded.source, options: EncodingOptions(strip: strip))
  }

  /// What a JPEG's segments hold, one behind the other.
  private func resources(of bytes: [UInt8]) -> [UInt8] {
    JPEGFile(bytes).segments.map { bytes[$0.contents] }
      .filter { $0.starts(with: PhotoshopBlock.name) }
      .flatMap { $0.dropFirst(PhotoshopBlock.name.count) }
  }

  private let packet = "<rdf:RDF><d exif:GPSLatitude='47,1N' dc:a='b'></d></rdf:RDF>"

  /// EXIF with a thumbnail and a position, XMP with a position, and something else.
  private func copies() throws -> (all: [UInt8], exif: [UInt8]) {
    let source = Fixture.bytes("metadata.jpg")
    let exif = Array(source[try #require(JPEGFile(source).exif(in: source)).tiff])
    let other = resource(0x0404, [7, 8, 9])
    return (
      resource(0x0422, exif) + other + resource(0x0424, Array(packet.utf8)) + other, exif
    )
  }

  private func check(_ after: [UInt8], isStripped: Bool) throws {
    let found = PhotoshopBlock.resources(after)
    #expect(found.map(\.id) == [0x0422, 0x0404, 0x0424, 0x0404])
    #expect(found.last?.range.upperBound == after.count)
    #expect(Array(found[1].data) == [7, 8, 9])
    let text = String(decoding: found[2].data, as: UTF8.self)
    #expect(
      text == (isStripped ? packet.replacing(" exif:GPSLatitude='47,1N'", with: "") : packet))
    let exif = try copies().exif
    let tiff = try #require(TIFFData(found[0].data))
    #expect(tiff.first?.entries.contains { $0.tag == 0x8825 } == !isStripped)
    let old = try #require(EmbeddedJPEG.ranges(in: exif).first)
    let new = try #require(EmbeddedJPEG.ranges(in: tiff.bytes).first)
    #expect(old.lowerBound == new.lowerBound && Array(exif[old]) != Array(tiff.bytes[new]))
  }

  @Test func copiesOfOtherMetadataFollowToo() throws {
    let bytes = jpeg([try copies().all])
    try check(resources(of: try edited(bytes).bytes), isStripped: false)
    let result = try edited(bytes, .gps)
    #expect(result.notes.contains("GPS position removed"))
    try check(resources(of: result.bytes), isStripped: true)
  }

  /// A PNG holds the same data as a text, where they are no XMP packet though they hold one.
  @Test(arguments: ["8bim", "iptc"])
  func copiesInARawProfileFollowToo(kind: String) throws {
    let data = try copies().all
    var text = "\n\(kind)\n    \(data.count)\n"
    for byte in data { text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    var bytes = Array(Fixture.bytes("rgb8.png").dropLast(12))
    PNGOutput.append("tEXt", Array("Raw profile type \(kind)\0\(text)".utf8), to: &bytes)
    bytes += Fixture.bytes("rgb8.png").suffix(12)
    for strip in [EncodingOptions.Strip.nothing, .gps] {
      let result = try edited(bytes, strip)
      let file = try PNGFile(result.bytes)
      let chunk = try #require(file.chunks.first { $0.type == "tEXt" })
      let profile = try #require(file.text(of: chunk, in: result.bytes).flatMap(RawProfile.init))
      #expect(!profile.isXMP)
      try check(profile.bytes, isStripped: strip == .gps)
    }
  }

  @Test func exifThatCannotBeReadGoesWithThePosition() throws {
    let other = resource(0x0404, [7, 8, 9])
    let bytes = jpeg([resource(0x0422, Array("unreadable".utf8)) + other])
    let result = try edited(bytes, .gps)
    #expect(result.notes == ["EXIF removed: it may hold a GPS position"])
    #expect(resources(of: result.bytes) == other)
    #expect(resources(of: try edited(bytes).bytes) == resources(of: bytes))
  }

  /// A block of more than 64 kB lies in several segments, cut anywhere.
  @Test func resourcesInSeveralSegmentsAreOneBlock() throws {
    let small = Fixture.bytes("ycc420-16x16.jpg")
    let other = resource(0x2710, [UInt8](repeating: 5, count: 70_001))
    let block = other + resource(0x040C, small) + resource(0x0404, [7])
    let kept = other + resource(0x0404, [7])
    func cut(_ places: [Int]) -> [[UInt8]] {
      zip([0] + places, places + [block.count]).map { Array(block[$0..<$1]) }
    }
    for places in [
      [65_000, other.count + 3], [60_000, other.count + 40],
      [9, 50_000, other.count], [12_000, 70_030],
    ] {
      let result = try edited(jpeg(cut(places)))
      #expect(result.notes == ["Photoshop's thumbnail dropped"])
      #expect(resources(of: result.bytes) == kept)
      #expect(EmbeddedJPEG.ranges(in: result.bytes).count == 1, "the picture itself")
    }
    // Without anything to drop, the segments stay as they are.
    let sound = jpeg([Array(other.prefix(60_000)), Array(other.dropFirst(60_000))])
    func segments(_ bytes: [UInt8]) -> [[UInt8]] {
      JPEGFile(bytes).segments.filter(\.isMetadata).map { Array(bytes[$0.range]) }
    }
    #expect(segments(try edited(sound).bytes) == segments(sound))
  }

  /// Damage in one segment neither hides what the next one holds, nor saves a thumbnail that is cut off.
  @Test func aCutResourceEndsWithItsSegment() throws {
    let small = Fixture.bytes("ycc420-16x16.jpg")
    let (thumbnail, other) = (resource(0x040C, small), resource(0x0404, [7, 8]))
    let cases: [(parts: [[UInt8]], kept: [UInt8])] = [
      ([other + thumbnail.dropLast(60)], other), ([Array(thumbnail.dropLast(60)), other], other),
      ([Array("junk".utf8), thumbnail + other], Array("junk".utf8) + other),
      // The next edit must not take what follows for its missing part.
      ([Array(other.dropLast()), thumbnail + other], resource(0x0404, [7]) + other),
      ([other + Array("junk".utf8), thumbnail], other + Array("junk".utf8)),
    ]
    for (parts, kept) in cases {
      let result = try edited(jpeg(parts))
      #expect(result.notes == ["Photoshop's thumbnail dropped"])
      #expect(resources(of: result.bytes) == kept)
    }
    let packet = resource(0x0424, Array("<d exif:GPSLatitude='47,1N' dc:a='b'/>".utf8))
    let stripped = try edited(jpeg([other + packet.dropLast(20)]), .gps)
    #expect(resources(of: stripped.bytes) == other)
    #expect(stripped.notes == ["GPS position removed"])
  }
}
