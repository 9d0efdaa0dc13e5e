import Photos
import Tensors
import Testing

@testable import ImageCodecs

/// What `--strip gps` leaves: nothing that tells a position, wherever a reader would look for it.
@Suite struct PositionTests {
  private let removed = "GPS position removed"
  private let doubtful = "EXIF removed: it may hold a GPS position"

  // MARK: - TIFF data, high bytes first

  private struct Entry {
    var tag: Int
    var type: Int
    var count = 1
    var value: [UInt8]
  }

  private func number(_ value: Int, _ bytes: Int) -> [UInt8] {
    (0..<bytes).reversed().map { UInt8(value >> (8 * $0) & 255) }
  }

  private func directory(_ entries: [Entry], next: Int? = 0) -> [UInt8] {
    var bytes = number(entries.count, 2)
    for entry in entries {
      bytes += number(entry.tag, 2) + number(entry.type, 2) + number(entry.count, 4)
      bytes += entry.value + [UInt8](repeating: 0, count: 4 - entry.value.count)
    }
    if let next { bytes += number(next, 4) }
    return bytes
  }

  private func header(first: Int = 8) -> [UInt8] { [0x4D, 0x4D, 0, 42] + number(first, 4) }

  private let turned = Entry(tag: 0x0112, type: 3, value: [0, 6])

  private func pointer(to offset: Int, tag: Int = 0x8825, type: Int = 4) -> Entry {
    Entry(tag: tag, type: type, value: number(offset, type == 3 ? 2 : 4))
  }

  /// A GPS directory with a latitude of which every byte is 0xAB, to lie at an offset.
  private func latitude(at offset: Int) -> [UInt8] {
    directory([
      Entry(tag: 1, type: 2, count: 2, value: [0xAB, 0]),
      Entry(tag: 2, type: 5, count: 3, value: number(offset + 30, 4)),
    ]) + [UInt8](repeating: 0xAB, count: 24)
  }

  /// The data after an edit that takes positions out.
  private func stripped(_ data: [UInt8]) -> (bytes: [UInt8]?, notes: [String]) {
    let photo = Photo(pixels: Tensor(height: 8, width: 8, channels: 3, repeating: 9))
    return ExifBlock.updated(data, for: photo, EncodingOptions(strip: .gps))
  }

  private func isTurned(_ data: [UInt8]?) -> Bool {
    data.flatMap { TIFFData($0) }?.orientation == .right
  }

  private func edited(
    _ bytes: [UInt8], strip: EncodingOptions.Strip = .gps, mark: EncodingOptions.Mark? = nil
  ) throws -> EncodedPhoto {
    var decoded = try decode(bytes, name: "")
    let mask = Hole.corner.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    return try encode(
      decoded.photo, changed: mask, over: decoded.source,
      options: EncodingOptions(strip: strip, mark: mark))
  }

  private func jpeg(with exif: [UInt8]) -> [UInt8] {
    let contents = Array("Exif\0\0".utf8) + exif
    return [0xFF, 0xD8, 0xFF, 0xE1] + number(contents.count + 2, 2) + contents
      + Fixture.bytes("ycc420-baseline.jpg").dropFirst(2)
  }

  private func png(with type: String, _ contents: [UInt8]) -> [UInt8] {
    var bytes = Array(Fixture.bytes("rgb8.png").dropLast(12))
    PNGOutput.append(type, contents, to: &bytes)
    return bytes + Fixture.bytes("rgb8.png").suffix(12)
  }

  private func chunk(_ type: String, of bytes: [UInt8]) throws -> [UInt8]? {
    let file = try PNGFile(bytes)
    return file.chunks.first { $0.type == type }.flatMap { file.plainContents(of: $0, in: bytes) }
  }

  // MARK: - EXIF

  /// The offset of the next directory may be cut off at the data's end, as some writers do.
  @Test(arguments: 0..<4) func aDirectoryMayEndTheData(behind: Int) throws {
    let gps = latitude(at: 8)
    let data =
      header(first: 8 + gps.count) + gps + directory([turned, pointer(to: 8)], next: nil)
      + [UInt8](repeating: 0, count: behind)
    let result = stripped(data)
    #expect(result.notes == [removed] && isTurned(result.bytes))
    #expect(result.bytes?.contains(0xAB) == false && result.bytes?.count == data.count)
    let tiff = try #require(result.bytes.flatMap { TIFFData($0) })
    #expect(tiff.first?.entries.map(\.tag) == [0x0112])

    let file = jpeg(with: data)
    #expect(try decode(file, name: "").source.orientation == .right)
    let output = try edited(file)
    #expect(output.notes == [removed] && !output.bytes.prefix(120).contains(0xAB))
    #expect(try decode(output.bytes, name: "").source.orientation == .right)
  }

  @Test(arguments: [3, 4, 13]) func everyTypeOfPointerIsFollowed(type: Int) {
    let data = header() + directory([turned, pointer(to: 38, type: type)]) + latitude(at: 38)
    let result = stripped(data)
    #expect(result.notes == [removed] && isTurned(result.bytes))
    #expect(result.bytes?.contains(0xAB) == false)
  }

  @Test func readersLookIntoOtherDirectoriesToo() {
    let own = directory([pointer(to: 56)])
    let cameras = directory([turned, pointer(to: 38, tag: 0x8769, type: 13)]) + own
    let thumbnails = directory([turned, turned], next: 38) + own
    for directories in [cameras, thumbnails] {
      let result = stripped(header() + directories + latitude(at: 56))
      #expect(result.notes == [removed] && isTurned(result.bytes))
      #expect(result.bytes?.contains(0xAB) == false)
    }
  }

  /// A GPS directory without an offset of the next one, right before the first.
  @Test func neighboursOfAPositionStay() throws {
    let gps = directory([Entry(tag: 1, type: 2, count: 2, value: [0xAB, 0])], next: nil)
    let result = stripped(header(first: 22) + gps + directory([turned, pointer(to: 8)]))
    #expect(result.notes == [removed] && isTurned(result.bytes))
    #expect(result.bytes?.contains(0xAB) == false)
  }

  @Test func aVersionIsNoPosition() {
    let gps = directory([Entry(tag: 0, type: 1, count: 4, value: [2, 3, 0, 0])])
    let result = stripped(header() + directory([turned, pointer(to: 38)]) + gps)
    #expect(result.notes == ["empty GPS directory removed"] && isTurned(result.bytes))
    let none = header() + directory([turned])
    #expect(stripped(none).notes.isEmpty && stripped(none).bytes == none)
  }

  /// Data with a position, perhaps, that cannot be found, and whether they tell the orientation.
  private var doubts: [(data: [UInt8], isTurned: Bool)] {
    let fields = (0..<65).map { Entry(tag: $0, type: 3, value: [0, 1]) }
    let far = Entry(tag: 2, type: 5, count: 3, value: number(60, 4))
    return [
      (Array("Exif\0\0".utf8) + header() + directory([turned]), false),
      (header(first: 9999) + directory([turned]), false),
      (Array((header() + directory([turned, turned])).dropLast(5)), false),
      (header() + directory([turned, pointer(to: 9999)]), true),
      (header() + directory([turned, pointer(to: 38, type: 2)]) + latitude(at: 38), true),
      (header() + directory([turned, pointer(to: 38)]) + directory([far]), true),
      (header() + directory([turned, pointer(to: 38)]) + directory(fields), true),
      (
        header() + directory([turned, pointer(to: 50), pointer(to: 50)]) + latitude(at: 50),
        true
      ),
    ]
  }

  @Test func whatCannotBeFollowedGoes() throws {
    for (data, turns) in doubts {
      let result = stripped(data)
      #expect(result.notes == [doubtful])
      #expect(result.bytes == (turns ? ExifBlock.only(.right) : nil))
      for file in [jpeg(with: data), png(with: "eXIf", data)] {
        let output = try edited(file)
        #expect(output.notes == [doubtful])
        #expect(try decode(output.bytes, name: "").source.orientation == (turns ? .right : .up))
        #expect(output.bytes.count < file.count + 200)
        #expect(try edited(file, strip: .nothing).notes.isEmpty)
      }
      let output = try edited(jpeg(with: data)).bytes
      #expect((JPEGFile(output).exif(in: output) != nil) == turns)
      #expect(try (chunk("eXIf", of: edited(png(with: "eXIf", data)).bytes) != nil) == turns)
    }
    #expect(stripped([]).notes.isEmpty)
  }

  /// As ImageMagick keeps EXIF in a PNG.
  @Test func whatCannotBeFollowedInARawProfileGoes() throws {
    func profile(_ data: [UInt8]) -> [UInt8] {
      let digits = data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      return Array("Raw profile type exif\0\nexif\n \(data.count)\n\(digits)\n".utf8)
    }
    // The first one's head belongs here.
    for (data, turns) in doubts.dropFirst() {
      let output = try edited(png(with: "tEXt", profile(data)))
      #expect(output.notes == [doubtful])
      #expect(try (chunk("tEXt", of: output.bytes) != nil) == turns)
    }
  }

  // MARK: - XMP

  /// The standard has XMP in iTXt, but readers take it from any text.
  @Test(arguments: ["tEXt", "zTXt"]) func xmpInOtherTextsFollows(type: String) throws {
    let packet = """
      <rdf:RDF><rdf:Description exif:GPSLatitude="47,1N" dc:a="b"></rdf:Description></rdf:RDF>
      """
    let key = PNGMetadata.keyword
    let contents =
      type == "tEXt"
      ? key + packet.utf8 : try #require(PNGFile.packedText(key.dropLast(), Array(packet.utf8)))
    let input = png(with: type, contents)
    let output = try edited(input)
    #expect(output.notes == [removed])
    let left = "<rdf:RDF><rdf:Description dc:a=\"b\"></rdf:Description></rdf:RDF>"
    #expect(try chunk(type, of: output.bytes) == key + left.utf8)
    let none = Mask(width: 45, height: 31)
    #expect(
      try compareFiles(input, output.bytes, mask: none).metadata.map(\.description)
        == ["XMP exif:GPSLatitude removed"])

    // The history goes into the packet that is there.
    let mark = EncodingOptions.Mark(software: "Efface", date: "2026-01-02T03:04:05Z")
    let marked = try edited(input, strip: .nothing, mark: mark).bytes
    #expect(try chunk("iTXt", of: marked) == nil)
    #expect(
      try compareFiles(input, marked, mask: none).metadata.map(\.description)
        == ["XMP xmpMM:History added"])
  }

  @Test func packedXMPThatCannotBeReadGoes() throws {
    let packed = try #require(
      PNGFile.packedText(PNGMetadata.keyword.dropLast(), Array("<rdf:RDF/>".utf8)))
    let output = try edited(png(with: "zTXt", Array(packed.dropLast(9))), strip: .nothing)
    #expect(
      output.notes == ["compressed XMP dropped: it may show the old picture and cannot be read"])
    #expect(try chunk("zTXt", of: output.bytes) == nil)
  }
}
