import CImageCodecs
import Foundation
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
    let deepened = source.info.color_type == 3 && source.info.depth != edited.info.depth
    let hasTime = source.chunks.contains { $0.type == "tIME" }
    #expect((promoted || deepened || hasTime) == !result.notes.isEmpty, "what changed is said")
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
    let own: Set = ["IHDR", "PLTE", "tRNS", "IDAT", "hIST", "bKGD", "sBIT", "tIME"]
    #expect(
      source.chunks.filter { !own.contains($0.type) }.map { Array(bytes[$0.range]) }
        == edited.chunks.filter { !own.contains($0.type) }.map { Array(result.bytes[$0.range]) })
  }

  @Test func everyChunkStaysInItsPlace() throws {
    let bytes = Fixture.bytes("chunks.png")
    var decoded = try decode(bytes, name: "a.png")
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let mark = EncodingOptions.Mark(software: "Efface", date: "2026-01-02T03:04:05Z")
    let result = try encode(
      decoded.photo, changed: mask, over: decoded.source, options: EncodingOptions(mark: mark))
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
      // A colour of another alpha may need a place of its own.
      #expect(result.notes.allSatisfy { $0.hasPrefix("palette indices became") })
    }
  }

  @Test func aGreyPaletteStaysWithAnyFill() throws {
    var decoded = try decode(Fixture.bytes("palette-grey.png"), name: "")
    let mask = Hole.everything.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    #expect(try PNGFile(result.bytes).info.color_type == 3)
  }

  /// Some programs write 256 colours whatever the depth, and as many alphas.
  @Test(
    arguments: ["palette1", "palette2-interlaced", "palette4", "palette4-alpha"], Hole.allCases)
  func colorsWithoutAnIndexAreLeftOut(name: String, hole: Hole) throws {
    let sound = Fixture.bytes("\(name).png")
    var long = PNGFile.signature
    for chunk in try PNGFile(sound).chunks {
      if chunk.type == "PLTE" {
        let colors = Array(sound[chunk.contents])
        PNGOutput.append(
          "PLTE", colors + [UInt8](repeating: 7, count: 768 - colors.count), to: &long)
        // Nobody heeds more alphas than colours, or a background that is none of them.
        if !name.hasSuffix("alpha") {
          PNGOutput.append("tRNS", [UInt8](repeating: 0, count: 256), to: &long)
        }
        PNGOutput.append("bKGD", [200], to: &long)
      } else {
        long += sound[chunk.range]
      }
    }
    func edit(_ bytes: [UInt8], painted: Bool) throws -> EncodedPhoto {
      var decoded = try decode(bytes, name: "")
      let mask = hole.mask(width: decoded.photo.width, height: decoded.photo.height)
      if painted { paint(&decoded.photo, where: mask) }
      return try encode(decoded.photo, changed: mask, over: decoded.source)
    }
    for painted in [false, true] {
      let expected = try edit(sound, painted: painted)
      let result = try edit(long, painted: painted)
      #expect(result.bytes == expected.bytes)
      let staysPalette = try PNGFile(result.bytes).info.color_type == 3
      #expect(
        result.notes
          == (staysPalette ? ["palette colours without an index dropped"] : []) + expected.notes)
    }
  }

  @Test func sixteenBitSamplesInsideTheMaskAreTheFills() throws {
    var decoded = try decode(Fixture.bytes("rgb16.png"), name: "")
    let old = try nativeSamples(decoded.source.bytes)
    let mask = Hole.everything.mask(width: decoded.photo.width, height: decoded.photo.height)
    for c in 0..<3 { decoded.photo.pixels[4, 5, c] = 77 }
    for c in 0..<3 {
      decoded.photo.deepPixels?[6, 7, c] = 30_001
      decoded.photo.pixels[6, 7, c] = rounded8(30_001)
    }
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    let new = try nativeSamples(result.bytes)
    var differing = 0
    for i in 0..<old.count where old.span[i] != new.span[i] { differing += 1 }
    #expect((2...12).contains(differing))
    // Without deep pixels that agree, those of 8 bits count.
    #expect((0..<6).allSatisfy { new[4, 5, $0] == 77 })
    for c in 0..<3 {
      #expect(Int(new[6, 7, 2 * c]) << 8 | Int(new[6, 7, 2 * c + 1]) == 30_001)
    }
  }

  /// The sample was packed by a program that tries hard.
  @Test func aSmallHoleAddsAtMostTwoPerCent() throws {
    let sample = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Samples/photographer.png")
    let bytes = Array(try Data(contentsOf: sample))
    var decoded = try decode(bytes, name: "photographer.png")
    var mask = Mask(width: decoded.photo.width, height: decoded.photo.height)
    for y in 100..<120 {
      for x in 200..<220 {
        mask.values[y, x] = 255
        for c in 0..<3 { decoded.photo.pixels[y, x, c] = decoded.photo.pixels[y, x - 30, c] }
      }
    }
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    #expect(result.bytes.count <= bytes.count * 102 / 100)
  }

  /// Flat drawings pack by their repetitions, which the quick way for photos does not look for.
  @Test func aDrawingStaysSmall() throws {
    var pixels = Tensor<UInt8>(height: 400, width: 600, channels: 3, repeating: 250)
    for y in 0..<400 {
      for x in 0..<600 where (x / 7 + y / 11) % 3 == 0 || x * y % 13 == 0 {
        for c in 0..<3 { pixels[y, x, c] = UInt8((x / 7 * 31 + y / 11 * 17 + c * 60) % 256) }
      }
    }
    var info = efi_png_info(width: 600, height: 400, depth: 8, color_type: 2, interlaced: false)
    func packed(_ effort: efi_png_effort) throws -> [UInt8] {
      try unsafe pixels.withUnsafeBufferPointer { buffer throws(CodecError) in
        try unsafe Library.write(.png) { output, failure in
          unsafe efi_png_encode(buffer.baseAddress, &info, nil, 0, effort, output, failure)
        } collect: {
          unsafe Array($0)
        }
      }
    }
    let quick = try packed(PNGCompression.quick(for: info))
    let efforts = PNGCompression.thorough(for: info, sampleBytes: pixels.count)
    let source = try #require(try efforts.map(packed).min { $0.count < $1.count })
    #expect(source.count * 3 < quick.count * 2, "the test's drawing is one")
    let mask = Hole.corner.mask(width: 600, height: 400)
    var decoded = try decode(source, name: "a.png")
    for y in 0..<400 {
      for x in 0..<600 where mask.values[y, x] != 0 {
        for c in 0..<3 { decoded.photo.pixels[y, x, c] = 250 }
      }
    }
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    #expect(result.bytes.count <= source.count * 102 / 100)
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
