import Kernels
import Photos
import Tensors
import Testing

@testable import Inpainting

/// A picture of coarse random texture: blocks of three pixels.
func texture(height: Int, width: Int, seed: UInt64 = 3) -> Tensor<UInt8> {
  var image = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 0)
  for y in 0..<height {
    for x in 0..<width {
      var state = (UInt64(y / 3) &* 0x9E37_79B9 &+ UInt64(x / 3)) &* 0xBF58_476D_1CE4_E5B9 &+ seed
      for c in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        image[y, x, c] = 60 + UInt8(truncatingIfNeeded: state >> 57)
      }
    }
  }
  return image
}

func rectangleMask(
  height: Int, width: Int, rows: Range<Int>, columns: Range<Int>, value: UInt8 = 255
) -> Mask {
  var mask = Mask(width: width, height: height)
  for y in rows { for x in columns { mask.values[y, x] = value } }
  return mask
}

func bytes(_ image: borrowing Tensor<UInt8>) -> [UInt8] {
  unsafe image.withUnsafeBufferPointer { unsafe Array($0) }
}

@Suite struct InpainterTests {
  @Test func changesNothingOutsideTheHoleAndEverythingOfTheObject() throws {
    var photo = texture(height: 90, width: 120)
    let mask = rectangleMask(height: 90, width: 120, rows: 30..<55, columns: 40..<70)
    for y in 30..<55 { for x in 40..<70 { photo[y, x, 0] = 255 } }
    let before = photo.copy()
    let report = try Inpainter(threads: 2, seed: 1).fill(&photo, hole: mask, orientation: .up)
    #expect(report.windows == 1)
    #expect(report.networkMilliseconds > 0)
    var object = 0
    for y in 0..<90 {
      for x in 0..<120 {
        if mask.values[y, x] == 0 {
          for c in 0..<3 { #expect(photo[y, x, c] == before[y, x, c]) }
        } else if photo[y, x, 0] == 255 {
          object += 1
        }
      }
    }
    #expect(object == 0, "nothing of the object is left")
  }

  @Test func doesNotDependOnThreads() throws {
    let mask = rectangleMask(height: 100, width: 100, rows: 20..<70, columns: 30..<60)
    let results = try [1, 2, 5].map { threads in
      var photo = texture(height: 100, width: 100)
      _ = try Inpainter(threads: threads, seed: 9).fill(&photo, hole: mask, orientation: .up)
      return bytes(photo)
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  /// The network is shown sRGB; with another profile its guidance is another, and comes back as such.
  @Test func aProfileChangesWhatTheNetworkSees() throws {
    let dark = (0..<256).map { Float($0 * $0 * $0) / (255 * 255 * 255) }
    let color = try #require(
      ColorTransform(curves: [dark, dark, dark], matrix: [1, 0, 0, 0, 1, 0, 0, 0, 1]))
    let mask = rectangleMask(height: 40, width: 40, rows: 0..<40, columns: 0..<40)
    let results = try [nil, color].map { color in
      var photo = Photo(pixels: texture(height: 40, width: 40), color: color)
      _ = try Inpainter(threads: 1, seed: 1).fill(&photo, hole: mask)
      return bytes(photo.pixels)
    }
    #expect(results[0] != results[1])
  }

  @Test func anotherSeedMakesAnotherFill() throws {
    let mask = rectangleMask(height: 100, width: 100, rows: 20..<70, columns: 30..<60)
    let first = try Inpainter(threads: 1, seed: 1)
    let inpainters = [first, try Inpainter(threads: 1, seed: 2), first.seeded(2)]
    let results = try inpainters.map { inpainter in
      var photo = texture(height: 100, width: 100)
      _ = try inpainter.fill(&photo, hole: mask, orientation: .up)
      return bytes(photo)
    }
    #expect(results[0] != results[1] && results[1] == results[2])
  }

  @Test(arguments: [
    (1, 1), (1, 9), (9, 1), (3, 3), (7, 7), (8, 40), (40, 8), (16, 16), (33, 65),
  ])
  func fillsPhotosOfAnySize(height: Int, width: Int) throws {
    for whole in [false, true] {
      var photo = texture(height: height, width: width)
      let mask =
        whole
        ? rectangleMask(height: height, width: width, rows: 0..<height, columns: 0..<width)
        : rectangleMask(
          height: height, width: width, rows: height / 2..<height, columns: width / 2..<width)
      _ = try Inpainter(threads: 2, seed: 1).fill(&photo, hole: mask, orientation: .right)
    }
  }

  /// No patch has its centre at the photo's border, but its pixels are filled from the photo too.
  @Test func fillsUpToThePhotosBorder() throws {
    for (rows, columns) in [(0..<30, 30..<70), (70..<100, 0..<40), (60..<100, 60..<100)] {
      var photo = texture(height: 100, width: 100)
      for y in rows { for x in columns { for c in 0..<3 { photo[y, x, c] = 0 } } }
      let mask = rectangleMask(height: 100, width: 100, rows: rows, columns: columns)
      _ = try Inpainter(network: nil, threads: 1, seed: 1, settings: SynthesisSettings())
        .fill(&photo, hole: mask, orientation: .up)
      var darkest: UInt8 = 255
      for y in rows { for x in columns { darkest = min(darkest, photo[y, x, 1]) } }
      #expect(darkest >= 30, "the texture starts at 60, and only light is evened out")
    }
  }

  /// A first search would take longer than anything that it could find is worth.
  @Test func aThinFrameIsNotSearchedForLong() throws {
    for (frame, isPlain) in [(40, false), (8, true)] {
      var photo = texture(height: 400, width: 400)
      let inner = frame..<400 - frame
      let mask = rectangleMask(height: 400, width: 400, rows: inner, columns: inner)
      let report = try Inpainter(network: nil, threads: 2, seed: 1, settings: SynthesisSettings())
        .fill(&photo, hole: mask, orientation: .up)
      #expect(report.windows == 1 && report.plainWindows == (isPlain ? 1 : 0), "\(frame)")
    }
  }

  /// A strip cannot be halved, and a hole along most of it would be peeled in hundreds of layers.
  @Test(arguments: [(12, 200, 95..<107, false), (12, 2_000, 20..<1_980, true)])
  func aStripIsNotSearchedForLong(width: Int, height: Int, rows: Range<Int>, isPlain: Bool) throws {
    for isTall in [true, false] {
      let size = isTall ? (height, width) : (width, height)
      var photo = texture(height: size.0, width: size.1)
      let mask = rectangleMask(
        height: size.0, width: size.1, rows: isTall ? rows : 0..<width,
        columns: isTall ? 0..<width : rows)
      let report = try Inpainter(network: nil, threads: 2, seed: 1, settings: SynthesisSettings())
        .fill(&photo, hole: mask, orientation: .up)
      #expect(report.windows == 1 && report.plainWindows == (isPlain ? 1 : 0), "\(size)")
    }
  }

  @Test func barsUnlessLittleIsLeft() {
    func barred(columns: Int) -> Int {
      var image = PartialImage(
        pixels: Tensor(height: 41, width: 60, channels: 4, repeating: 9),
        known: Tensor(height: 40, width: 60, repeating: 255))
      // Over a photo of 100 x 100, of which the window shows rows 20 to 60 and columns 30 to 90.
      var mask = Tensor<UInt8>(height: 10, width: 10, repeating: 0)
      for y in 0..<10 { for x in 10 - columns..<10 { mask[y, x] = 255 } }
      image.bar(
        mask, region: ImageRegion(rows: 20..<60, columns: 30..<90), height: 100, width: 100)
      switch image.barred {
      case .none: return 0
      case .some(let barred): return bytes(barred).count { $0 == 255 }
      }
    }
    #expect(barred(columns: 0) == 0)
    #expect(barred(columns: 3) == 40 * 20)
    #expect(barred(columns: 5) == 0, "more than half of the window")
  }

  @Test func anEmptyMaskChangesNothing() throws {
    var photo = texture(height: 20, width: 30)
    let before = bytes(photo)
    let report = try Inpainter(threads: 1, seed: 1)
      .fill(&photo, hole: Mask(width: 30, height: 20), orientation: .up)
    #expect(report.windows == 0)
    #expect(bytes(photo) == before)
  }

  @Test func partMasksBlendWithThePhoto() throws {
    var full = texture(height: 64, width: 64)
    let before = full.copy()
    var part = full.copy()
    _ = try Inpainter(threads: 1, seed: 1).fill(
      &full, hole: rectangleMask(height: 64, width: 64, rows: 20..<30, columns: 20..<30),
      orientation: .up)
    _ = try Inpainter(threads: 1, seed: 1).fill(
      &part,
      hole: rectangleMask(height: 64, width: 64, rows: 20..<30, columns: 20..<30, value: 51),
      orientation: .up)
    #expect(bytes(full) != bytes(before) && bytes(part) != bytes(before))
    for y in 20..<30 {
      for x in 20..<30 {
        let expected = (Int(before[y, x, 1]) * 204 + Int(full[y, x, 1]) * 51 + 127) / 255
        #expect(Int(part[y, x, 1]) == expected)
      }
    }
  }

  @Test func textureIsFilledAsSharpAsItsSurroundings() throws {
    var photo = texture(height: 128, width: 128)
    let before = photo.copy()
    let (rows, columns) = (40..<84, 44..<90)
    let mask = rectangleMask(height: 128, width: 128, rows: rows, columns: columns)
    _ = try Inpainter(threads: 2, seed: 4).fill(&photo, hole: mask, orientation: .up)
    func energy(_ image: borrowing Tensor<UInt8>) -> Int {
      var sum = 0
      for y in rows {
        for x in columns { sum += abs(Int(image[y, x, 1]) - Int(image[y, x - 1, 1])) }
      }
      return sum
    }
    let ratio = Double(energy(photo)) / Double(energy(before))
    #expect((0.8...1.2).contains(ratio), "\(ratio) of the energy of what was there")
  }

  @Test func distantHolesHaveTheirOwnWindows() throws {
    var photo = texture(height: 80, width: 300)
    var mask = rectangleMask(height: 80, width: 300, rows: 20..<40, columns: 20..<40)
    for y in 50..<60 { for x in 250..<270 { mask.values[y, x] = 255 } }
    for y in 50..<53 { for x in 275..<278 { mask.values[y, x] = 255 } }
    let report = try Inpainter(threads: 2, seed: 4).fill(&photo, hole: mask, orientation: .up)
    #expect(report.windows == 2)
  }
}
