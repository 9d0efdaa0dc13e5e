import Foundation
import Photos
import Tensors
import Testing

@testable import ImageCodecs

@Suite struct MetadataTests {
  /// Edits a file in the middle, and gives both files' metadata segments.
  private func edit(
    _ bytes: [UInt8], thumbnail: EncodingOptions.Thumbnail = .rebuild,
    strip: EncodingOptions.Strip = .nothing, mark: EncodingOptions.Mark? = nil
  ) throws -> (result: EncodedPhoto, before: [[UInt8]], after: [[UInt8]]) {
    var decoded = try decode(bytes, name: "")
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(
      decoded.photo, changed: mask, over: decoded.source,
      options: EncodingOptions(thumbnail: thumbnail, strip: strip, mark: mark))
    func segments(_ bytes: [UInt8]) -> [[UInt8]] {
      JPEGFile(bytes).segments.filter(\.isMetadata).map { Array(bytes[$0.range]) }
    }
    return (result, segments(bytes), segments(result.bytes))
  }

  private func thumbnail(_ bytes: [UInt8]) throws -> [UInt8]? {
    let range = try #require(JPEGFile(bytes).exif(in: bytes)).tiff
    let tiff = try #require(TIFFData(bytes[range]))
    let first = try #require(tiff.first)
    guard let offset = first.nextPointer.flatMap(tiff.read32), offset > 0,
      let second = tiff.directory(at: offset),
      let start = second.entries.first(where: { $0.tag == 0x0201 }).flatMap(tiff.number),
      let length = second.entries.first(where: { $0.tag == 0x0202 }).flatMap(tiff.number)
    else { return nil }
    return Array(tiff.bytes[start..<start + length])
  }

  @Test(arguments: ["metadata.jpg", "metadata-progressive.jpg"])
  func theThumbnailShowsTheResult(name: String) throws {
    let bytes = Fixture.bytes(name)
    let (result, before, after) = try edit(bytes)
    #expect(result.notes == ["thumbnail rebuilt"])
    #expect(before.map(\.count) == after.map(\.count))
    for (old, new) in zip(before, after) where old != new {
      #expect(old.dropFirst(4).starts(with: "Exif".utf8))
    }
    let edited = try decode(result.bytes, name: "")
    #expect(edited.source.orientation == .right)
    let small = try decode(try #require(try thumbnail(result.bytes)), name: "")
    #expect(small.photo.width == 51 && small.photo.height == 38)
    var sum = 0
    for y in 0..<38 {
      for x in 0..<51 {
        for c in 0..<3 {
          let (row, column) = (min(2 * y, 74), min(2 * x, 100))
          sum += abs(
            Int(small.photo.pixels[y, x, c]) - Int(edited.photo.pixels[row, column, c]))
        }
      }
    }
    #expect(Double(sum) / Double(38 * 51 * 3) < 25)
  }

  @Test func theThumbnailCanBeDropped() throws {
    let (result, before, after) = try edit(Fixture.bytes("metadata.jpg"), thumbnail: .drop)
    #expect(result.notes == ["thumbnail dropped"])
    #expect(try thumbnail(result.bytes) == nil)
    #expect(EmbeddedJPEG.ranges(in: after.flatMap(\.self)).isEmpty)
    #expect(before.count == after.count)
    for (old, new) in zip(before, after) where old != new {
      #expect(old.dropFirst(4).starts(with: "Exif".utf8) && new.count < old.count - 1000)
    }
    #expect(try decode(result.bytes, name: "").source.orientation == .right)
  }

  /// A sound file with segments put behind its first marker.
  private func file(with segments: [(UInt8, [UInt8])], behind: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = [0xFF, 0xD8]
    for (marker, contents) in segments {
      let length = contents.count + 2
      bytes += [0xFF, marker, UInt8(length >> 8), UInt8(length & 255)] + contents
    }
    return bytes + Fixture.bytes("ycc420-baseline.jpg").dropFirst(2) + behind
  }

  @Test func copiesOfTheOldSceneAreDropped() throws {
    let small = Fixture.bytes("ycc420-16x16.jpg")
    let text = { (s: String) in Array(s.utf8) }
    let resource = text("8BIM") + [0x04, 0x0C, 0, 0, 0, 0]
    let cases: [(String, UInt8, [UInt8], [UInt8]?)] = [
      ("thumbnail dropped", 0xE0, text("JFXX\0") + [0x10] + small, nil),
      (
        "thumbnail dropped", 0xE0, text("JFIF\0") + [1, 2, 0, 0, 1, 0, 1, 1, 1, 9, 9, 9],
        text("JFIF\0") + [1, 2, 0, 0, 1, 0, 1, 0, 0]
      ),
      (
        "preview in XMP dropped", 0xE1,
        XMPPacket.name + text("<a><xmpGImg:image>/9j/4AAQ</xmpGImg:image><b/></a>"),
        XMPPacket.name + text("<a><xmpGImg:image></xmpGImg:image><b/></a>")
      ),
      (
        "preview in XMP dropped", 0xE1, XMPPacket.extensionName + text("GImage:Data=\"/9j/\""),
        nil
      ),
      ("further pictures in the file dropped", 0xE2, text("MPF\0II*\0"), nil),
      ("preview in segment APP4 dropped", 0xE4, text("Scalado") + small, nil),
      (
        "content credentials dropped: they vouch for the old picture", 0xEB,
        text("JP....jumbc2pa"), nil
      ),
      (
        "Photoshop's thumbnail dropped", 0xED,
        PhotoshopBlock.name + text("8BIM") + [4, 4, 0, 0, 0, 0, 0, 2, 7, 8] + resource
          + [UInt8(small.count >> 8), UInt8(small.count & 255)]
          + small + (small.count % 2 == 1 ? [0] : []),
        PhotoshopBlock.name + text("8BIM") + [4, 4, 0, 0, 0, 0, 0, 2, 7, 8]
      ),
    ]
    for (note, marker, contents, expected) in cases {
      let (result, before, after) = try edit(file(with: [(marker, contents), (0xFE, text("c"))]))
      #expect(result.notes == [note], "\(note)")
      #expect(Array(after.suffix(before.count - 1)) == Array(before.dropFirst()), "\(note)")
      #expect(after.count == before.count - (expected == nil ? 1 : 0), "\(note)")
      if let expected { #expect(Array(after[0].dropFirst(4)) == expected, "\(note)") }
    }
    let (result, _, _) = try edit(file(with: [], behind: text("a film of the old scene")))
    #expect(result.notes == ["data behind the picture dropped"])
    #expect(result.bytes.suffix(2) == [0xFF, 0xD9])
  }

  @Test func aPreviewInTheCamerasNotesIsBlanked() throws {
    let bytes = Fixture.bytes("metadata.jpg")
    let exif = try #require(JPEGFile(bytes).exif(in: bytes))
    let small = Fixture.bytes("ycc420-16x16.jpg")
    let contents = Array("Exif\0\0".utf8) + bytes[exif.tiff] + [1, 2, 3] + small + [4, 5]
    let (result, before, after) = try edit(file(with: [(0xE1, contents)]))
    #expect(result.notes == ["thumbnail rebuilt", "preview in the camera's notes dropped"])
    #expect(before[0].count == after[0].count && after[0].suffix(2) == [4, 5])
    #expect(EmbeddedJPEG.ranges(in: after[0]).count == 1)
  }

  /// Not a byte of a thumbnail stays that is not compressed, in whatever strips it lies.
  @Test(arguments: [3, 4], [false, true])
  func everyStripOfAThumbnailGoes(type: Int, isBehind: Bool) throws {
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(value >> (8 * $0) & 255) }
    }
    // Two numbers of 16 bits stand in the entry itself, those of 32 behind the directory.
    let arrays = 8 + 2 + 4 + 2 + 24 + 4
    let first = arrays + (type == 3 ? 0 : 16)
    // Between the strips lies something that stays, and perhaps behind them.
    let (second, lengths) = (first + 12 + 3, [12, 8])
    func entry(_ tag: Int, _ values: [Int], at offset: Int) -> [UInt8] {
      number(tag, 2) + number(type, 2) + number(2, 4)
        + (type == 3 ? values.flatMap { number($0, 2) } : number(offset, 4))
    }
    var block = Array("II*\0".utf8) + number(8, 4) + number(0, 2) + number(14, 4) + number(2, 2)
    block += entry(0x0111, [first, second], at: arrays) + entry(0x0117, lengths, at: arrays + 8)
    block += number(0, 4)
    if type == 4 { for value in [first, second] + lengths { block += number(value, 4) } }
    block += [UInt8](repeating: 0xAB, count: 12) + [1, 2, 3] + [UInt8](repeating: 0xAB, count: 8)
    if isBehind { block += [4] }
    let photo = Photo(pixels: Tensor(height: 8, width: 8, channels: 3, repeating: 9))
    var exif = try #require(ExifBlock(block))
    exif.update(for: photo, thumbnail: .rebuild)
    #expect(exif.notes == ["thumbnail dropped"])
    #expect(!exif.bytes.contains(0xAB))
    try #require(exif.bytes.count == (isBehind ? block.count : second))
    #expect(Array(exif.bytes[(first + 12)..<second]) == [1, 2, 3])
    #expect(exif.bytes.last == (isBehind ? 4 : 3))
    // A strip that ends behind the block goes as far as it is there.
    var cut = try #require(ExifBlock(block.prefix(second + 2)))
    cut.update(for: photo, thumbnail: .drop)
    #expect(!cut.bytes.contains(0xAB))
  }

  /// Strips that all lie over each other go in the time that one takes, and spare what is in use.
  @Test(.timeLimit(.minutes(1))) func stripsOverStripsTakeNoLongerThanOne() throws {
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(value >> (8 * $0) & 255) }
    }
    let (count, length) = (20_000, 300_000)
    let arrays = 8 + 2 + 12 + 4 + 2 + 24 + 4
    let picture = arrays + 8 * count
    var block = Array("II*\0".utf8) + number(8, 4) + number(1, 2)
    block += number(0x0112, 2) + number(3, 2) + number(1, 4) + number(1, 4) + number(26, 4)
    block += number(2, 2)
    for (tag, offset) in [(0x0111, arrays), (0x0117, arrays + 4 * count)] {
      block += number(tag, 2) + number(4, 2) + number(count, 4) + number(offset, 4)
    }
    block += number(0, 4)
    // The first would take the second directory with it.
    for i in 0..<count { block += number(i == 0 ? 30 : picture + i % 7, 4) }
    for _ in 0..<count { block += number(length, 4) }
    let before = block
    block += [UInt8](repeating: 0xAB, count: length + 6) + [1, 2]
    let photo = Photo(pixels: Tensor(height: 8, width: 8, channels: 3, repeating: 9))
    var exif = try #require(ExifBlock(block))
    exif.update(for: photo, thumbnail: .rebuild)
    #expect(exif.notes == ["thumbnail dropped"])
    try #require(exif.bytes.count == block.count)
    #expect(exif.bytes.suffix(2) == [1, 2])
    let isBlank = exif.bytes[picture...].dropLast(2).allSatisfy { $0 == 0 }
    let isKept = exif.bytes[26..<picture].elementsEqual(before[26...])
    #expect(isBlank && isKept)
  }

  /// ImageMagick's way to keep EXIF in a PNG, with the thumbnail in it.
  @Test(arguments: ["tEXt", "zTXt", "iTXt"])
  func aThumbnailInARawProfileShowsTheResult(type: String) throws {
    let jpeg = Fixture.bytes("metadata.jpg")
    let exif = try #require(JPEGFile(jpeg).exif(in: jpeg)).tiff
    let block = Array("Exif\0\0".utf8) + jpeg[exif]
    var text = "\nexif\n    \(block.count)"
    for (i, byte) in block.enumerated() {
      if i % 36 == 0 { text += "\n" }
      text += byte < 16 ? "0" : ""
      text += String(byte, radix: 16)
    }
    text += "\n"
    let head = Array("Raw profile type exif\0".utf8)
    var bytes = Array(Fixture.bytes("rgb8.png").dropLast(12))
    let packed = PNGFile.packedText(Array(head.dropLast()), Array(text.utf8))
    let contents = [
      "tEXt": head + text.utf8, "zTXt": try #require(packed),
      "iTXt": head + Array("\0\0en\0Titel\0\(text)".utf8),
    ]
    PNGOutput.append(type, try #require(contents[type]), to: &bytes)
    bytes += Fixture.bytes("rgb8.png").suffix(12)

    func profile(_ bytes: [UInt8]) throws -> RawProfile {
      let file = try PNGFile(bytes)
      let chunk = try #require(file.chunks.first { $0.type == type })
      return try #require(file.text(of: chunk, in: bytes).flatMap(RawProfile.init))
    }
    let before = try profile(bytes)
    #expect(before.bytes == block && before.text == Array(text.utf8))
    let (result, _, _) = try edit(bytes)
    #expect(result.notes == ["thumbnail rebuilt"])
    let after = try profile(result.bytes)
    let chunk = try #require(try PNGFile(result.bytes).chunks.first { $0.type == type })
    #expect(
      type != "iTXt"
        || result.bytes[chunk.contents].starts(with: head + Array("\0\0en\0Titel\0\n".utf8)))
    let old = try #require(EmbeddedJPEG.ranges(in: block).first)
    let new = try #require(EmbeddedJPEG.ranges(in: after.bytes).first)
    #expect(old.lowerBound == new.lowerBound && after.bytes.count == block.count)
    #expect(Array(block[old]) != Array(after.bytes[new]))
    #expect(try edit(bytes, strip: .gps).result.notes.first == "GPS position removed")
    for wrong in ["", "\nexif\n 3\n00", "\nexif\n 1\n0g\n", "\nexif\n x\n00\n", "exif"] {
      #expect(RawProfile(Array(wrong.utf8)) == nil)
    }
  }

  @Test func thePositionCanBeRemoved() throws {
    let packet = """
      <rdf:RDF><rdf:Description exif:GPSLatitude="47,1N" dc:a="b" exif:GPSLongitude='8,2E'>
      <exif:GPSAltitude>400/1</exif:GPSAltitude><exif:GPSMapDatum/><dc:c>d</dc:c>
      </rdf:Description></rdf:RDF>
      """
    let bytes = Fixture.bytes("metadata.jpg")
    let exif = try #require(JPEGFile(bytes).exif(in: bytes))
    let input = file(with: [
      (0xE1, Array("Exif\0\0".utf8) + bytes[exif.tiff]), (0xE1, XMPPacket.name + packet.utf8),
    ])
    let (result, before, after) = try edit(input, strip: .gps)
    #expect(result.notes == ["GPS position removed", "thumbnail rebuilt"])
    #expect(before[0].count == after[0].count)
    let tiff = try #require(TIFFData(after[0].dropFirst(10)))
    #expect(tiff.first?.entries.map(\.tag) == [0x010F, 0x0112])
    #expect(tiff.orientation == .right)
    #expect(try thumbnail(result.bytes) != nil)
    #expect(
      String(decoding: after[1].dropFirst(4 + XMPPacket.name.count), as: UTF8.self) == """
        <rdf:RDF><rdf:Description dc:a="b">
        <dc:c>d</dc:c>
        </rdf:Description></rdf:RDF>
        """)
  }

  /// The rest of a long packet is cut into segments anywhere: it goes as a whole.
  @Test func aPositionInALongPacketGoesWithItsRest() throws {
    let rest = XMPPacket.extensionName + Array("<d drone-dji:GpsLatitude='47'/>".utf8)
    let input = file(with: [(0xE1, rest), (0xFE, [99])])
    let (result, _, after) = try edit(input, strip: .gps)
    #expect(result.notes == ["GPS position removed, with the rest of a long XMP packet"])
    #expect(after.allSatisfy { !$0.dropFirst(4).starts(with: XMPPacket.extensionName) })
    #expect(try edit(input).result.notes.isEmpty)
  }

  /// Where the rest is cut may be within a name, and its parts may come in any order.
  @Test(arguments: [
    ("<d drone-dji:G", "psA='47'/>", "GPS position removed, with the rest of a long XMP packet"),
    ("<d GDep", "th:Format='x'/>", "preview in XMP dropped"),
  ])
  func aNameIsFoundAcrossSegments(first: String, second: String, note: String) throws {
    func segment(_ text: String, at offset: Int) -> (UInt8, [UInt8]) {
      let size = [0, 0, 0, UInt8(first.utf8.count + second.utf8.count)]
      let head = [UInt8](repeating: 65, count: 32) + size + [0, 0, 0, UInt8(offset)]
      return (0xE1, XMPPacket.extensionName + head + text.utf8)
    }
    let parts = [segment(first, at: 0), segment(second, at: first.utf8.count)]
    for segments in [parts, parts.reversed()] {
      let (result, _, after) = try edit(file(with: segments + [(0xFE, [99])]), strip: .gps)
      #expect(result.notes == [note])
      #expect(after.allSatisfy { !$0.dropFirst(4).starts(with: XMPPacket.extensionName) })
    }
  }

  /// Phones say in XMP that a film or a gain map follows.
  @Test func whatXMPTellsOfTheDataBehindGoesWithThem() throws {
    let packet = """
      <rdf:Description GCamera:MotionPhoto="1" Camera:MicroVideoOffset='99' hdrgm:Version="1.0" \
      dc:a="b" xmlns:hdrgm="h" GCamera:Other="1"><GCamera:MotionPhotoVersion>1\
      </GCamera:MotionPhotoVersion><Container:Directory><rdf:Seq><rdf:li/></rdf:Seq>\
      </Container:Directory><dc:c>d</dc:c></rdf:Description>
      """
    let alone = """
      <rdf:Description dc:a="b" xmlns:hdrgm="h" GCamera:Other="1"><dc:c>d</dc:c></rdf:Description>
      """
    func edited(
      _ others: [(UInt8, [UInt8])], behind: String = ""
    ) throws -> (packet: String, notes: [String]) {
      let bytes = file(
        with: [(0xE1, XMPPacket.name + packet.utf8)] + others, behind: Array(behind.utf8))
      let (result, _, after) = try edit(bytes)
      let contents = after[0].dropFirst(4 + XMPPacket.name.count)
      return (String(decoding: contents, as: UTF8.self), result.notes)
    }
    let note = "what XMP tells of the data behind the picture dropped"
    let film = try edited([], behind: "a film of the old scene")
    #expect(film.packet == alone && film.notes == [note, "data behind the picture dropped"])
    let map = try edited([(0xE2, Array("MPF\0II*\0".utf8))])
    #expect(map.packet == alone && map.notes == [note, "further pictures in the file dropped"])
    let none = try edited([])
    #expect(none.packet == packet && none.notes.isEmpty)
  }

  @Test func allMetadataCanBeRemoved() throws {
    let (result, _, after) = try edit(Fixture.bytes("metadata.jpg"), strip: .all)
    #expect(
      JPEGFile(result.bytes).segments.filter(\.isMetadata).map {
        JPEGMetadata.name(of: $0, in: result.bytes)
      } == ["APP0 JFIF", "APP1 EXIF", "APP2 ICC profile", "APP2 ICC profile"])
    #expect(after.count == 4 && result.notes == ["metadata removed"])
    #expect(try decode(result.bytes, name: "").source.orientation == .right)

    let (png, _, _) = try edit(Fixture.bytes("chunks.png"), strip: .all)
    let chunks = try PNGFile(png.bytes).chunks.map(\.type)
    #expect(
      chunks.filter { $0 != "IDAT" } == [
        "IHDR", "gAMA", "cHRM", "sBIT", "iCCP", "cICP", "bKGD", "pHYs", "eXIf", "IEND",
      ])
    #expect(try decode(png.bytes, name: "").source.orientation == .down)
  }

  @Test func theEditHistoryGetsOneEntry() throws {
    let mark = EncodingOptions.Mark(software: "Efface \"1\"", date: "2026-01-02T03:04:05Z")
    let (_, before, after) = try edit(Fixture.bytes("metadata.jpg"), mark: mark)
    let changed = zip(before, after).filter { $0 != $1 && !$0.dropFirst(4).starts(with: [0x45]) }
    #expect(before.count == after.count && changed.count == 1)
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    let packet = try #require(changed.first?.1)
    #expect(text(packet).contains("stEvt:softwareAgent=\"Efface &quot;1&quot;\""))
    #expect(text(packet).contains("<rdf:Description rdf:about='' xmlns:xmpMM="))

    // A second edit adds to the same list; a file without XMP gets a packet of its own.
    let again = try #require(XMPPacket.marked(packet, by: mark))
    #expect(text(again).components(separatedBy: "stEvt:action").count == 3)
    #expect(text(again).components(separatedBy: "<xmpMM:History").count == 2)
    #expect(text(again).components(separatedBy: "xmlns:stEvt").count == 2)
    // For ImageMagick no entry's tag may hold a slash before its end.
    let entries = text(again).components(separatedBy: "<rdf:li ").dropFirst()
    #expect(entries.allSatisfy { $0.prefix { $0 != ">" }.filter { $0 == "/" } == "/" })
    let (_, none, one) = try edit(Fixture.bytes("ycc420-baseline.jpg"), mark: mark)
    #expect(one.count == none.count + 1 && one.first == none.first)
    #expect(one[1].dropFirst(4).starts(with: XMPPacket.name))
    let (png, _, _) = try edit(Fixture.bytes("rgb8.png"), mark: mark)
    #expect(try PNGFile(png.bytes).chunks.map(\.type).prefix(2) == ["IHDR", "iTXt"])
  }

  /// ImageMagick writes fields of EXIF as texts, and XMP as a raw profile.
  @Test func textsFollowToo() throws {
    let packet = """
      <x:xmpmeta><rdf:RDF><rdf:Description exif:GPSLatitude="47,1N" dc:a="b"></rdf:Description>
      </rdf:RDF></x:xmpmeta>
      """
    var text = "\nxmp\n    \(packet.utf8.count)\n"
    for byte in packet.utf8 { text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    var bytes = Array(Fixture.bytes("rgb8.png").dropLast(12))
    let profile = PNGFile.packedText(Array("Raw profile type xmp".utf8), Array(text.utf8))
    PNGOutput.append("zTXt", try #require(profile), to: &bytes)
    PNGOutput.append("tEXt", Array("exif:GPSLatitude\047/1".utf8), to: &bytes)
    PNGOutput.append("tEXt", Array("xmp:GPSLatitude\047,1N".utf8), to: &bytes)
    PNGOutput.append(
      "zTXt", try #require(PNGFile.packedText(Array("xmp:gpsMapDatum".utf8), [87])), to: &bytes)
    PNGOutput.append("iTXt", Array("xmp:GpsLongitude\0\0\0\0\08,2E".utf8), to: &bytes)
    PNGOutput.append("tEXt", Array("exif:Make\0Maker".utf8), to: &bytes)
    bytes += Fixture.bytes("rgb8.png").suffix(12)
    let mark = EncodingOptions.Mark(software: "Efface", date: "2026-01-02T03:04:05Z")
    let (result, _, _) = try edit(bytes, strip: .gps, mark: mark)
    #expect(result.notes == ["GPS position removed"])
    let file = try PNGFile(result.bytes)
    #expect(file.chunks.map(\.type).suffix(3) == ["zTXt", "tEXt", "IEND"], "no second packet")
    let chunk = try #require(file.chunks.first { $0.type == "zTXt" })
    let kept = try #require(file.text(of: chunk, in: result.bytes).flatMap(RawProfile.init))
    let after = String(decoding: kept.bytes, as: UTF8.self)
    #expect(!after.contains("GPS") && after.contains("dc:a=\"b\""))
    #expect(after.components(separatedBy: "stEvt:action").count == 2)
  }

  /// Small PNGs with chunks put before their end.
  private func png(with chunks: [(String, [UInt8])], behind: [UInt8] = []) -> [UInt8] {
    var bytes = Array(Fixture.bytes("rgb8.png").dropLast(12))
    for (type, contents) in chunks { PNGOutput.append(type, contents, to: &bytes) }
    return bytes + Fixture.bytes("rgb8.png").suffix(12) + behind
  }

  @Test(.timeLimit(.minutes(1))) func manyTextsTakeNoLongerThanTheirBytes() throws {
    let text = ("tEXt", Array("Raw profile type x\0".utf8))
    let bytes = png(with: Array(repeating: text, count: 30_000))
    let result = try edit(bytes).result
    #expect(try PNGFile(result.bytes).chunks.filter { $0.type == "tEXt" }.count == 30_000)
  }

  /// One note says it, however often the same is done, and in no more time than the file has bytes.
  @Test(.timeLimit(.minutes(1))) func whatIsDoneOftenIsSaidOnce() throws {
    let letters = Array("abcdefghijklmnopqrstuvwxyz".utf8)
    func name(_ i: Int) -> String {
      let digits = [i / 17_576, i / 676, i / 26, i].map { letters[$0 % 26] }
      // The fourth letter tells that the chunk depends on the samples.
      let bytes = [digits[3], digits[2], digits[1] & 0xDF, digits[0] & 0xDF]
      return String(decoding: bytes, as: UTF8.self)
    }
    let chunks = try edit(png(with: (0..<40_000).map { (name($0), []) })).result
    #expect(
      chunks.notes == [
        "40000 unknown chunks dropped (aaAA, baAA, caAA and others): they may describe the old "
          + "picture"
      ])
    let segment: (UInt8, [UInt8]) = (0xE0, Array("JFXX\0".utf8) + [0x10])
    let segments = try edit(file(with: Array(repeating: segment, count: 40_000))).result
    #expect(segments.notes == ["thumbnail dropped"])
  }

  @Test func compressedXMPFollowsToo() throws {
    let mark = EncodingOptions.Mark(software: "Efface", date: "2026-01-02T03:04:05Z")
    func chunk(_ text: String) throws -> [UInt8] {
      let packed = try #require(PNGFile.packedText([65], Array(text.utf8)))
      return PNGMetadata.keyword + [1, 0] + Array("en\0Titel\0".utf8) + packed.dropFirst(3)
    }
    func edit(
      _ chunk: [UInt8], mark: EncodingOptions.Mark? = nil
    ) throws -> (notes: [String], packets: [[UInt8]], changes: [String]) {
      let bytes = png(with: [("iTXt", chunk)])
      let result = try self.edit(bytes, mark: mark).result
      let packets = try PNGFile(result.bytes).chunks.filter { $0.type == "iTXt" }
        .map { Array(result.bytes[$0.contents]) }
      let none = Mask(width: 45, height: 31)
      let changes = try compareFiles(bytes, result.bytes, mask: none).metadata
      return (result.notes, packets, changes.map(\.description))
    }
    let plain = "<rdf:RDF><rdf:Description dc:a=\"b\"></rdf:Description></rdf:RDF>"
    let old = plain.replacing(
      "></", with: "><xmpGImg:image>/9j/</xmpGImg:image></", maxReplacements: 1)
    let new = plain.replacing("></", with: "><xmpGImg:image></xmpGImg:image></", maxReplacements: 1)
    let dropped = try edit(try chunk(old))
    #expect(dropped.notes == ["preview in XMP dropped"])
    #expect(dropped.packets == [PNGMetadata.keyword + Array("\0\0en\0Titel\0\(new)".utf8)])
    #expect(dropped.changes == ["XMP xmpGImg:image changed"])
    let marked = try edit(try chunk(plain), mark: mark)
    #expect(marked.notes.isEmpty && marked.packets.count == 1)
    #expect(marked.changes == ["XMP xmpMM:History added"])
    let kept = try edit(try chunk(plain))
    #expect(kept.notes.isEmpty && kept.changes.isEmpty)

    // What cannot be unpacked, or only to no end, may hold anything.
    let bomb = try chunk(old + String(repeating: " ", count: 8_000_000))
    for chunk in [bomb, Array(try chunk(old).dropLast(9)), PNGMetadata.keyword + [1, 0]] {
      let removed = try edit(chunk, mark: mark)
      #expect(
        removed.notes
          == ["compressed XMP dropped: it may show the old picture and cannot be read"])
      #expect(
        removed.packets == [PNGMetadata.keyword + [0, 0, 0, 0] + XMPPacket.new(with: mark)])
    }
  }

  /// Of chunks that nobody here knows, the name says whether they depend on the samples: what offsets in the
  /// data (Apple's iDOT) and previews (prVW) do, and the standard's own are known to stay true.
  @Test func unknownChunksThatDependOnTheSamplesAreDropped() throws {
    let stale: [(String, [UInt8])] = [
      ("iDOT", [UInt8](repeating: 1, count: 28)), ("prVW", [1, 2]), ("prVW", [3]), ("dSIG", [4]),
    ]
    let sound: [(String, [UInt8])] = [
      ("prVt", [5]), ("sCAL", Array("\u{1}1\u{0}1".utf8)), ("sTER", [0]),
      ("pCAL", Array("a\0\0\0\0\0\0\0\0\u{1}\0\u{2}m\00\01".utf8)),
      ("sPLT", Array("a\0\u{8}".utf8)), ("oFFs", [UInt8](repeating: 0, count: 9)),
      ("tEXt", Array("Title\0a".utf8)),
    ]
    func contents(_ bytes: [UInt8]) throws -> [[UInt8]] {
      try PNGFile(bytes).chunks.filter { $0.type != "IDAT" }.map { Array(bytes[$0.range]) }
    }
    let (result, _, _) = try edit(png(with: stale + sound))
    #expect(try contents(result.bytes) == contents(png(with: sound)))
    #expect(
      result.notes == [
        "digital signature dropped: it vouches for the old picture",
        "3 unknown chunks dropped (iDOT, prVW): they may describe the old picture",
      ])
    #expect(
      try edit(png(with: [stale[0]])).result.notes
        == ["unknown chunk iDOT dropped: it may describe the old picture"])
  }

  /// tIME is the time of the last change, in UTC.
  @Test func theTimeOfTheLastChangeFollowsTheHistory() throws {
    // XMP before it takes the entry of the history, but not the time.
    let packet = PNGMetadata.keyword + [0, 0, 0, 0] + Array("<rdf:RDF></rdf:RDF>".utf8)
    let bytes = png(with: [("iTXt", packet), ("tIME", [7, 208, 1, 2, 3, 4, 5])])
    func edit(_ date: String?) throws -> (notes: [String], times: [[UInt8]]) {
      let mark = date.map { EncodingOptions.Mark(software: "Efface", date: $0) }
      let result = try self.edit(bytes, mark: mark).result
      let times = try PNGFile(result.bytes).chunks.filter { $0.type == "tIME" }
      return (result.notes, times.map { Array(result.bytes[$0.contents]) })
    }
    let marked = try edit("2026-11-27T23:58:07Z")
    #expect(marked.notes.isEmpty && marked.times == [[7, 234, 11, 27, 23, 58, 7]])
    for date in [nil, "2026-11-27T23:58:07+01", "27.11.2026"] {
      let unknown = try edit(date)
      #expect(
        unknown.notes == ["time of the last change dropped: it is that of the old picture"])
      #expect(unknown.times.isEmpty)
    }
  }

  @Test func dataBehindAPNGIsDropped() throws {
    let none = Mask(width: 45, height: 31)
    for (behind, notes) in [
      (Array("a film of the old scene".utf8), ["data behind the picture dropped"]), ([0, 0], []),
    ] {
      let bytes = png(with: [], behind: behind)
      let result = try edit(bytes).result
      #expect(result.notes == notes)
      #expect(
        try compareFiles(bytes, result.bytes, mask: none).metadata.map(\.description)
          == ["data behind the picture removed"])
    }
  }

  @Test(arguments: [
    ("<exif:GPSa>1</exif:GPSa>", ""), ("t <exif:GPSa/>t", "t t"), ("<exif:GPSa b='/'/>", ""),
    ("<exif:GPSa> <exif:GPSb>1</exif:GPSb></exif:GPSa>t", "t"),
    ("<exif:GPSb>1</exif:GPSa><exif:GPSb>2</exif:GPSb>t", "t"),
    ("</exif:GPSa><exif:GPSa>1</exif:GPSa><exif:GPSa>2", "</exif:GPSa><exif:GPSa>2"),
    ("<a exif:GPSa = \"1'\"\texif:GPSb='2\"' b='3'>", "<a b='3'>"),
    ("<a exif:GPSa=\"1\" exif:GPSb=\"2>", "<a exif:GPSb=\"2>"),
    ("<a>an exif:GPSa is 'here'</a>", nil), ("exif:GPSa='1'", nil), ("<exif:GPSa", nil),
    ("<exif:GPSa <exif:GPSa <exif:GPSa>1", nil), ("</exif:GPSa>", nil), ("", nil),
    // Of drones and others, under prefixes of their own.
    ("<d drone-dji:GpsLatitude=\"+47\" drone-dji:Pitch='1'>", "<d drone-dji:Pitch='1'>"),
    ("<x:gpsA>1</x:gpsA><x:b/>", "<x:b/>"), ("<x:GPSa/><y:GpsB>1</y:GpsB>t", "t"),
    ("<a xmlns:gps='g'><gps:b/></a>", nil), ("<a x:b:gps='1' :gps='1' x:gp='1'>", nil),
    ("<a x:map='gps' GPSa='1'>x:gps</a>", nil),
  ])
  func thePositionGoesAndTheRestStays(packet: String, expected: String?) {
    #expect(withoutPosition(Array(packet.utf8)) == expected.map { Array($0.utf8) })
  }

  private func withoutPosition(_ packet: [UInt8]) -> [UInt8]? {
    XMPPacket.without(XMPPacket.isPosition, packet)
  }

  @Test func manyFieldsGoLikeOne() {
    func many(_ text: (Int) -> String) -> [UInt8] { Array((0..<900).map(text).joined().utf8) }
    let open = many { "<exif:GPS\($0)>" }
    let rest = Array("<a>".utf8)
    #expect(withoutPosition(open) == nil)
    #expect(withoutPosition(open + many { "</exif:GPS\(899 - $0)>" } + rest) == rest)
    #expect(withoutPosition(many { " exif:GPS\($0)='1'" } + rest) == rest)
    #expect(withoutPosition(many { "<exif:GPS\($0)>1</exif:GPS\($0)>" } + rest) == rest)
    #expect(
      XMPPacket.withoutPictures(many { " xmpGImg:image='\($0)'" })
        == many { _ in " xmpGImg:image=''" })
  }

  @Test func damagedExifNeverCrashes() throws {
    let bytes = Fixture.bytes("metadata.jpg")
    let exif = try #require(JPEGFile(bytes).exif(in: bytes)).tiff
    var state: UInt64 = 3
    for round in 0..<1000 {
      var changed = Array(bytes[exif].prefix(180) + bytes[exif].suffix(60))
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let at = Int(state >> 33) % 180
        changed[at] = [0, 255, 8, 50, UInt8(state >> 56)][round % 5]
      }
      let photo = Photo(pixels: Tensor(height: 8, width: 8, channels: 3, repeating: 9))
      for choice in [EncodingOptions.Thumbnail.drop, .rebuild] {
        var block = ExifBlock(changed)
        block?.update(for: photo, thumbnail: choice)
        _ = block?.removePosition()
        #expect((block?.bytes.count ?? 0) <= changed.count)
      }
    }
  }
}
