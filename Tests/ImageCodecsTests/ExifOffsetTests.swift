import Photos
import Tensors
import Testing

@testable import ImageCodecs

/// EXIF data whose offsets lead astray: what the photo needs stays, the old picture goes.
@Suite struct ExifOffsetTests {
  /// The data after an edit, and what is said of it.
  private func edited(
    _ data: [UInt8], _ thumbnail: EncodingOptions.Thumbnail
  ) throws -> (bytes: [UInt8], notes: [String]) {
    let photo = Photo(pixels: Tensor(height: 8, width: 8, channels: 3, repeating: 9))
    var block = try #require(ExifBlock(data))
    block.update(for: photo, thumbnail: thumbnail)
    try #require(block.bytes.count == data.count)
    return (block.bytes, block.notes)
  }

  /// A sound block, its position's directory, and its thumbnail's entries and place.
  private func sound() throws -> (
    tiff: TIFFData, gps: Int, start: TIFFData.Entry, length: TIFFData.Entry, picture: Range<Int>
  ) {
    let bytes = Fixture.bytes("metadata.jpg")
    let range = try #require(JPEGFile(bytes).exif(in: bytes)).tiff
    let tiff = try #require(TIFFData(bytes[range]))
    let first = try #require(tiff.first)
    let gps = try #require(first.entries.first { $0.tag == 0x8825 }.flatMap(tiff.number))
    let second = try #require(
      first.nextPointer.flatMap(tiff.read32).flatMap(tiff.directory(at:)))
    let start = try #require(second.entries.first { $0.tag == 0x0201 })
    let length = try #require(second.entries.first { $0.tag == 0x0202 })
    let offset = try #require(tiff.number(start))
    let count = try #require(tiff.number(length))
    return (tiff, gps, start, length, offset..<offset + count)
  }

  /// The thumbnail is said to be the first directory, another one and all behind it, or to begin too early;
  /// as a JPEG or as strips.
  @Test(arguments: ["first", "gps", "early"], [false, true])
  func aThumbnailThatIsElsewhereTakesNothingWithIt(place: String, isStrip: Bool) throws {
    let (sound, gps, start, length, picture) = try sound()
    var tiff = sound
    let pointer = try #require(tiff.first?.nextPointer)
    let claims = [
      "first": 8..<60, "gps": gps..<tiff.bytes.count,
      "early": picture.lowerBound - 12..<picture.upperBound - 12,
    ]
    let claim = try #require(claims[place])
    tiff.write32(claim.lowerBound, at: start.valueOffset)
    tiff.write32(claim.count, at: length.valueOffset)
    if isStrip {
      for (entry, tag) in [(start, UInt8(0x11)), (length, 0x17)] {
        let at = entry.valueOffset - 8
        tiff.bytes[at + (tiff.isLittleEndian ? 1 : 0)] = 1
        tiff.bytes[at + (tiff.isLittleEndian ? 0 : 1)] = tag
      }
    }
    for choice in [EncodingOptions.Thumbnail.rebuild, .drop] {
      let block = try edited(tiff.bytes, choice)
      #expect(block.notes == ["thumbnail dropped", "preview in the camera's notes dropped"])
      for i in tiff.bytes.indices where !picture.contains(i) {
        let expected = (pointer..<pointer + 4).contains(i) ? 0 : tiff.bytes[i]
        #expect(block.bytes[i] == expected, "at \(i)")
      }
      #expect(block.bytes[picture].allSatisfy { $0 == 0 })
    }
  }

  /// A preview that ends too early, in a field of its own, before the Exif directory, a value and a sound preview.
  @Test func whatFollowsACutPreviewStays() throws {
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(value >> (8 * $0) & 255) }
    }
    let whole = Fixture.bytes("ycc420-16x16.jpg")
    let cut = Array(whole.dropLast(9))
    let (first, exif) = (8 + 2 + 24 + 4, 8 + 2 + 24 + 4 + cut.count)
    let date = Array("2020:01:02 03:04:05\0".utf8)
    var data = Array("II*\0".utf8) + number(8, 4) + number(2, 2)
    data += number(0xC000, 2) + number(7, 2) + number(cut.count, 4) + number(first, 4)
    data += number(0x8769, 2) + number(4, 2) + number(1, 4) + number(exif, 4) + number(0, 4) + cut
    data += number(1, 2) + number(0x9003, 2) + number(2, 2) + number(date.count, 4)
    data += number(exif + 18, 4) + number(0, 4) + date
    let block = try edited(data + whole + [1, 2], .rebuild)
    #expect(block.notes == ["preview in the camera's notes dropped"])
    #expect(block.bytes[first..<exif].allSatisfy { $0 == 0 })
    #expect(Array(block.bytes[exif..<data.count]) == Array(data[exif...]))
    #expect(block.bytes[data.count...].dropLast(2).allSatisfy { $0 == 0 })
    #expect(block.bytes.suffix(2) == [1, 2])
  }
}
