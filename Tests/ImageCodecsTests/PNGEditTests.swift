import CImageCodecs
import Photos
import Tensors
import Testing

@testable import ImageCodecs

@Suite struct PNGEditTests {
  @Test(arguments: Fixture.pngs, Hole.allCases)
  func samplesOutsideTheMaskAreTheSources(fixture: Fixture, hole: Hole) throws {
    let bytes = fixture.bytes
    var decoded = try decode(bytes, name: fixture.name)
    let mask = hole.mask(width: fixture.width, height: fixture.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    let (source, edited) = (try PNGFile(bytes), try PNGFile(result.bytes))
    #expect(source.info.interlaced == edited.info.interlaced)
    let after = try decode(result.bytes, name: fixture.name)

    let promoted = source.info.color_type != edited.info.color_type
    #expect(promoted == !result.notes.isEmpty)
    if promoted {
      #expect(source.info.color_type == 3)
    } else {
      #expect(source.info.color_type == 3 || source.info.depth == edited.info.depth)
      let old = try nativeSamples(bytes)
      let new = try nativeSamples(result.bytes)
      try #require(old.channels == new.channels)
      var differing = 0
      for i in 0..<mask.values.count where mask.values.span[i] == 0 {
        for c in 0..<old.channels
        where old.span[i * old.channels + c] != new.span[i * old.channels + c] {
          differing += 1
        }
      }
      #expect(differing == 0)
    }

    // What is seen: the same colours outside, the same alpha everywhere, the fill inside.
    let oldAlpha = try alpha(bytes)
    let newAlpha = try alpha(result.bytes)
    var moved = 0
    var worst = 0
    for i in 0..<mask.values.count {
      #expect(oldAlpha.span[i] == newAlpha.span[i])
      for c in 0..<3 {
        let distance = abs(
          Int(after.photo.pixels.span[3 * i + c]) - Int(decoded.photo.pixels.span[3 * i + c]))
        if mask.values.span[i] == 0 { moved += distance } else { worst = max(worst, distance) }
      }
    }
    #expect(moved == 0)
    if source.info.color_type == 2 || source.info.color_type == 6 {
      // A fill of the transparent colour is one level off.
      #expect(worst <= 1 || !source.transparency.isEmpty)
    }

    // Chunks that the picture's data does not depend on are there, byte for byte and in order.
    let own: Set = ["IHDR", "PLTE", "tRNS", "IDAT", "hIST", "bKGD", "sBIT"]
    #expect(
      source.chunks.filter { !own.contains($0.type) }.map { Array(bytes[$0.range]) }
        == edited.chunks.filter { !own.contains($0.type) }.map { Array(result.bytes[$0.range]) })
  }

  @Test func everyChunkStaysInItsPlace() throws {
    let bytes = Fixture.bytes("chunks.png")
    var decoded = try decode(bytes, name: "a.png")
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    let (source, edited) = (try PNGFile(bytes), try PNGFile(result.bytes))
    func names(_ file: PNGFile) -> [String] {
      file.chunks.map(\.type).reduce(into: []) { list, name in
        if name != "IDAT" || list.last != "IDAT" { list.append(name) }
      }
    }
    #expect(names(source) == names(edited))
  }

  @Test func aFillOfKnownColorsKeepsThePalette() throws {
    for name in ["palette1", "palette4-alpha", "palette8", "palette-full", "palette-grey"] {
      let bytes = Fixture.bytes("\(name).png")
      var decoded = try decode(bytes, name: "")
      let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
      for y in 0..<decoded.photo.height {
        for x in 0..<decoded.photo.width where mask.values[y, x] != 0 {
          for c in 0..<3 { decoded.photo.pixels[y, x, c] = decoded.photo.pixels[0, 0, c] }
        }
      }
      let result = try encode(decoded.photo, changed: mask, over: decoded.source)
      #expect(try PNGFile(result.bytes).info.color_type == 3, "\(name)")
      #expect(result.notes.isEmpty)
    }
  }

  @Test func aGreyPaletteStaysWithAnyFill() throws {
    var decoded = try decode(Fixture.bytes("palette-grey.png"), name: "")
    let mask = Hole.everything.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    #expect(try PNGFile(result.bytes).info.color_type == 3)
  }

  @Test func sixteenBitSamplesInsideTheMaskAreTheFills() throws {
    var decoded = try decode(Fixture.bytes("rgb16.png"), name: "")
    let old = try nativeSamples(decoded.source.bytes)
    let mask = Hole.everything.mask(width: decoded.photo.width, height: decoded.photo.height)
    for c in 0..<3 { decoded.photo.pixels[4, 5, c] = 77 }
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    let new = try nativeSamples(result.bytes)
    var differing = 0
    for i in 0..<old.count where old.span[i] != new.span[i] { differing += 1 }
    #expect((1...6).contains(differing))
    #expect((0..<6).allSatisfy { new[4, 5, $0] == 77 })
  }

  private func alpha(_ bytes: [UInt8]) throws -> Tensor<UInt8> {
    let file = try PNGFile(bytes)
    let pairs = try samples(of: file, in: bytes, layout: EFI_PNG_GREY_ALPHA, channels: 2)
    var alpha = Tensor<UInt8>(height: file.height, width: file.width, repeating: 0)
    for y in 0..<file.height {
      for x in 0..<file.width { alpha[y, x] = pairs[y, x, 1] }
    }
    return alpha
  }
}
