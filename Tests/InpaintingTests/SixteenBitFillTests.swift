import Inpainting
import Photos
import Tensors
import Testing

/// Fills of photos with 16 bits a sample.
@Suite struct SixteenBitFillTests {
  /// A photo whose 16-bit samples are `value`, and whose 8-bit ones follow.
  private func photo(
    height: Int, width: Int, _ value: (_ x: Int, _ y: Int, _ channel: Int) -> Int
  ) -> Photo {
    var deep = Tensor<UInt16>(height: height, width: width, channels: 3, repeating: 0)
    var pixels = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 0)
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<3 {
          deep[y, x, c] = UInt16(value(x, y, c))
          pixels[y, x, c] = rounded8(deep[y, x, c])
        }
      }
    }
    return Photo(pixels: pixels, deepPixels: deep)
  }

  private func samples(_ photo: borrowing Photo) -> [UInt16] {
    switch photo.deepPixels {
    case .some(let deep): (0..<deep.count).map { deep.span[$0] }
    case .none: []
    }
  }

  @Test func aFillHasTheSamplesOfWhereItCameFrom() throws {
    let (height, width) = (90, 120)
    // Values that 8 bits cannot hold: every sample is 33 above a whole level, or 33 below.
    var photo = photo(height: height, width: width) { x, y, c in
      (80 + (x / 3 * 7 + y / 3 * 5 + c * 11) % 60) * 257 + ((x + y) % 2 == 0 ? 33 : -33)
    }
    let mask = rectangleMask(height: height, width: width, rows: 30..<55, columns: 40..<70)
    let before = samples(photo)
    _ = try Inpainter(threads: 2, seed: 1).fill(&photo, hole: mask)
    let after = samples(photo)
    var whole = 0
    for i in after.indices {
      #expect(rounded8(after[i]) == photo.pixels.span[i])
      if mask.values.span[i / 3] == 0 {
        #expect(after[i] == before[i])
      } else if after[i] % 257 == 0 {
        whole += 1
      }
    }
    #expect(whole * 10 < mask.count * 3, "\(whole) samples of the fill are whole levels of 8 bits")
  }

  @Test func aSlowRampHasNoSteps() throws {
    let (height, width) = (96, 160)
    // 40 of 65536 a pixel: a level of 8 bits takes more than six pixels.
    var photo = photo(height: height, width: width) { x, _, _ in 20_000 + 40 * x }
    let mask = rectangleMask(height: height, width: width, rows: 30..<66, columns: 60..<100)
    _ = try Inpainter(threads: 2, seed: 1).fill(&photo, hole: mask)
    let after = samples(photo)
    var worst = 0
    for y in 36..<60 {
      for x in 66..<94 {
        let at = 3 * (y * width + x)
        worst = max(worst, abs(Int(after[at + 3]) - Int(after[at])))
      }
    }
    #expect(worst < 200, "neighbours differ by \(worst): 8 bits have steps of 257")
  }

  @Test func partMasksBlendInSixteenBits() throws {
    let (height, width) = (64, 64)
    func filled(_ value: UInt8) throws -> [UInt16] {
      var photo = photo(height: height, width: width) { x, y, c in
        20_000 + 911 * ((x / 3 + 2 * y / 3 + c) % 20)
      }
      let mask = rectangleMask(
        height: height, width: width, rows: 20..<30, columns: 20..<30, value: value)
      _ = try Inpainter(threads: 1, seed: 1).fill(&photo, hole: mask)
      return samples(photo)
    }
    let (before, part, full) = (try filled(0), try filled(51), try filled(255))
    #expect(part != before && full != before)
    for i in part.indices where full[i] != before[i] {
      let expected = (Int(before[i]) * 204 + Int(full[i]) * 51 + 127) / 255
      #expect(Int(part[i]) == expected)
    }
  }

  @Test func aHoleOfThePhotosSizeIsFilledTooSomehow() throws {
    var photo = photo(height: 20, width: 30) { x, _, _ in 100 * x }
    let mask = rectangleMask(height: 20, width: 30, rows: 0..<20, columns: 0..<30)
    _ = try Inpainter(threads: 1, seed: 1).fill(&photo, hole: mask)
    let after = samples(photo)
    for i in after.indices { #expect(rounded8(after[i]) == photo.pixels.span[i]) }
  }
}
