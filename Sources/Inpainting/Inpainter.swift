import Kernels
public import Networks
public import Photos
public import Tensors

/// Fills holes in photos.
///
/// A network sees a window around each group of holes at a low resolution and says what belongs
/// there; detail is then copied from the photo's own surroundings, at its own resolution, where they
/// agree with the network.
public final class Inpainter: Sendable {
  let network: Network?
  let seed: UInt64
  private let threads: Int
  private let settings: SynthesisSettings

  /// Makes an inpainter.
  ///
  /// - Parameters:
  ///   - threads: The most threads to use; the result does not depend on it.
  ///   - seed: Another seed makes another fill.
  /// - Throws: `NetworkError` where the network inside the program cannot run.
  public convenience init(threads: Int, seed: UInt64) throws {
    self.init(
      network: try Network.embedded(.inpainting), threads: threads, seed: seed,
      settings: SynthesisSettings())
  }

  /// Makes an inpainter of other parts than the product's, to measure what each is worth.
  ///
  /// - Parameter network: What sees structure; none when `nil`.
  public init(network: Network?, threads: Int, seed: UInt64, settings: SynthesisSettings) {
    self.network = network
    self.threads = max(threads, 1)
    self.seed = seed
    self.settings = settings
  }

  /// The same inpainter with another seed; both share the network, which takes long to load.
  public func seeded(_ seed: UInt64) -> Inpainter {
    Inpainter(network: network, threads: threads, seed: seed, settings: settings)
  }

  /// Fills every pixel of a photo whose mask is not 0, deep pixels as well; values below 255 blend.
  ///
  /// - Parameters:
  ///   - photo: Written only where `hole` is not 0.
  ///   - hole: Of the photo's size, grown already over the object's edge: pixels outside it are
  ///     copied from.
  ///   - barred: Not 0 where nothing should be copied from, such as on other people; of any size, over
  ///     the whole photo.
  /// - Throws: `NetworkError` where the network cannot run.
  /// - Precondition: The sizes of photo and hole agree.
  public func fill(
    _ photo: inout Photo, hole: borrowing Mask, barred: borrowing Tensor<UInt8>? = nil
  ) throws -> FillReport {
    let (orientation, color) = (photo.orientation, photo.color)
    return try fill(
      &photo.pixels, deep: &photo.deepPixels, hole: hole, barred: barred, orientation: orientation,
      color: color)
  }

  /// As ``fill(_:hole:)``, for RGB pixels in sRGB.
  public func fill(
    _ pixels: inout Tensor<UInt8>, hole: borrowing Mask, orientation: Orientation
  ) throws -> FillReport {
    var deep: Tensor<UInt16>?
    return try fill(
      &pixels, deep: &deep, hole: hole, barred: nil, orientation: orientation, color: nil)
  }

  private func fill(
    _ pixels: inout Tensor<UInt8>, deep: inout Tensor<UInt16>?, hole: borrowing Mask,
    barred: borrowing Tensor<UInt8>?, orientation: Orientation, color: ColorTransform?
  ) throws -> FillReport {
    precondition(
      pixels.channels == 3 && pixels.height == hole.height && pixels.width == hole.width,
      "the mask has the photo's size")
    var report = FillReport()
    let isDeep = deep != nil
    let clock = ContinuousClock()
    for (index, piece) in pieces(of: hole).enumerated() {
      let box = piece.box
      let start = clock.now
      var structure: Structure?
      if let network {
        structure = try Structure(
          network, pixels: pixels, hole: hole.values, box: box, orientation: orientation,
          color: color, threads: threads)
      }
      let seen = clock.now
      let window = fill(
        &pixels, hole: hole, piece: piece, index: index, structure: structure, barred: barred,
        wantsOrigins: isDeep)
      switch window {
      case .some(let window):
        if window.origins == nil { report.plainWindows += 1 }
        deepen(&deep, &pixels, from: window, box: box, hole: hole.values)
      case .none: break
      }
      report.windows += 1
      report.networkMilliseconds += (seen - start) / .milliseconds(1)
      report.detailMilliseconds += (clock.now - seen) / .milliseconds(1)
    }
    return report
  }

  /// The parts of a mask that are filled each in a window of its own, in order.
  public func pieces(of hole: borrowing Mask) -> [HolePiece] {
    var pieces: [HolePiece] = []
    for box in holeGroups(hole, reach: { min(max(8, max($0.width, $0.height) / 4), 64) }) {
      pieces += HolePiece.pieces(of: box, in: hole)
    }
    return pieces
  }

  /// Fills one piece of a hole under the guidance of what the network sees there.
  ///
  /// - Returns: What was filled and where it came from, if `wantsOrigins` or where nothing was copied.
  @discardableResult
  public func fill(
    _ pixels: inout Tensor<UInt8>, hole: borrowing Mask, piece: HolePiece, index: Int,
    structure: borrowing Structure?, barred: borrowing Tensor<UInt8>? = nil,
    wantsOrigins: Bool = false
  ) -> FilledWindow? {
    let (box, settings) = (piece.box, piece.isThin ? settings.forThinHoles : settings)
    let longer = max(box.width, box.height)
    let margin = max(64, Int(Double(longer) * settings.context))
    let region = ImageRegion(
      rows: box.y..<box.maxY, columns: box.x..<box.maxX
    ).grown(by: margin, height: pixels.height, width: pixels.width)
    var window = partialWindow(
      of: pixels, hole: hole.values, region: region, texture: settings.texture, threads: threads)
    switch barred {
    case .some(let barred):
      window.bar(barred, region: region, height: pixels.height, width: pixels.width)
    case .none: break
    }
    let synthesis = ExemplarSynthesis(
      settings: settings, seed: UInt32(truncatingIfNeeded: seed &+ UInt64(index) &* 7919),
      threads: threads)
    var guide: Tensor<UInt8>?
    var scale = 1.0
    switch structure {
    case .some(let structure):
      guide = structure.guide(
        for: window, region: region, blur: settings.guideBlur, threads: threads)
      scale = structure.scale
    case .none: break
    }
    let isTooLong = max(region.height, region.width) > PatchLevel.longestSide
    if !isTooLong, var level = synthesis.fill(window, guide: guide, guideScale: scale) {
      composite(level.image.pixels, region: region, box: box, onto: &pixels, hole: hole.values)
      if !wantsOrigins { return nil }
      let origins = level.origins(
        quantile: settings.voteQuantile, sharpness: settings.voteSharpness, threads: threads)
      return FilledWindow(pixels: level.image.pixels.copy(), origins: origins, region: region)
    } else {
      // Nothing to copy from: the network's own pixels, or a smooth fill.
      var smooth = partialWindow(
        of: pixels, hole: hole.values, region: region, texture: 0, threads: threads)
      switch structure {
      case .some(let structure):
        let picture = resized(
          structure.guide(for: smooth, region: region, blur: 0, threads: threads),
          height: region.height, width: region.width, filter: .bilinear, threads: threads)
        for y in 0..<region.height {
          for x in 0..<region.width where smooth.known[y, x] == 0 {
            for c in 0..<3 { smooth.pixels[y, x, c] = picture[y, x, c] }
          }
        }
      case .none: smooth.fillSmoothly(threads: threads)
      }
      composite(smooth.pixels, region: region, box: box, onto: &pixels, hole: hole.values)
      return FilledWindow(pixels: smooth.pixels.copy(), origins: nil, region: region)
    }
  }
}

/// What a fill took.
public struct FillReport: Sendable, Equatable {
  /// Time in the network, its input and output.
  public var networkMilliseconds = 0.0
  /// Time in the synthesis of detail and in blending.
  public var detailMilliseconds = 0.0
  /// Pieces of holes that were filled, each in its own window.
  public var windows = 0
  /// Those among them around which there was nothing to copy detail from.
  public var plainWindows = 0

  /// Makes a report of nothing.
  public init() {}
}

/// A window of a photo: red, green, blue and texture, known outside the hole.
///
/// The texture is the local variation of brightness, averaged over five by five pixels and scaled so
/// that `texture` is its mean over the window.
func partialWindow(
  of pixels: borrowing Tensor<UInt8>, hole: borrowing Tensor<UInt8>, region: ImageRegion,
  texture: Double, threads: Int
) -> PartialImage {
  let (height, width) = (region.height, region.width)
  var result = Tensor<UInt8>(uninitializedHeight: height + 1, width: width, channels: 4)
  var known = Tensor<UInt8>(uninitializedHeight: height, width: width)
  var change = Tensor<UInt16>(uninitializedHeight: height, width: width)
  var variation = Tensor<UInt8>(uninitializedHeight: height, width: width)
  let (photoWidth, left, top) = (pixels.width, region.columns.lowerBound, region.rows.lowerBound)
  // The sum and the number of each row's changes.
  var sums = [(total: Int, count: Int)](repeating: (0, 0), count: height)
  nonisolated(unsafe) let (pixels, hole) = unsafe (pixels.pointer, hole.pointer)
  nonisolated(unsafe) let (target, mask) = unsafe (result.mutablePointer, known.mutablePointer)
  nonisolated(unsafe) let changes = unsafe change.mutablePointer
  @Sendable func brightness(_ at: Int) -> Int {
    unsafe Int(pixels[3 * at]) + 2 * Int(pixels[3 * at + 1]) + Int(pixels[3 * at + 2])
  }
  unsafe sums.withUnsafeMutableBufferPointer { sums in
    nonisolated(unsafe) let sums = unsafe sums
    inRows(height, threads: threads) { rows in
      for y in rows {
        var (total, count) = (0, 0)
        for x in 0..<width {
          let (from, to) = ((top + y) * photoWidth + left + x, y * width + x)
          let isKnown = unsafe hole[from] == 0
          unsafe mask[to] = isKnown ? 255 : 0
          if !isKnown {
            for c in 0..<4 { unsafe target[4 * to + c] = 0 }
            unsafe changes[to] = 0
            continue
          }
          for c in 0..<3 { unsafe target[4 * to + c] = pixels[3 * from + c] }
          let here = brightness(from)
          var sum = 0
          if x + 1 < width, unsafe hole[from + 1] == 0 {
            sum += abs(brightness(from + 1) - here)
          }
          if y + 1 < height, unsafe hole[from + photoWidth] == 0 {
            sum += abs(brightness(from + photoWidth) - here)
          }
          unsafe changes[to] = UInt16(sum)
          total += sum
          count += 1
        }
        unsafe sums[y] = (total, count)
      }
    }
  }
  let (total, count) = sums.reduce((0, 0)) { ($0.0 + $1.total, $0.1 + $1.count) }
  // Fine or dim texture counts as much as coarse or bright one: its mean is what was asked for. The
  // noise of an even window is not blown up beyond measure.
  let mean = max(Double(total) / Double(max(count, 1)), 1)
  let scale = Int((max(0.25, min(3, texture / mean)) * 256).rounded())
  nonisolated(unsafe) let variations = unsafe variation.mutablePointer
  inRows(height, threads: threads) { rows in
    for i in rows.lowerBound * width..<rows.upperBound * width {
      unsafe variations[i] = UInt8(min(255, Int(changes[i]) * scale / 256))
    }
  }
  extendLifetime(change)
  let averaged = boxBlurred(variation, radius: 2, threads: threads)
  nonisolated(unsafe) let average = unsafe averaged.pointer
  inRows(height, threads: threads) { rows in
    for i in rows.lowerBound * width..<rows.upperBound * width {
      unsafe target[4 * i + 3] = average[i] & mask[i]
    }
  }
  extendLifetime(averaged)
  // The spare row.
  for i in 4 * height * width..<result.count { unsafe target[i] = 0 }
  return PartialImage(pixels: result, known: known)
}

extension PartialImage {
  /// Bars what a mask of any size over the whole photo says, unless little would be left to copy from.
  ///
  /// - Parameter region: The part of the photo, of `height` × `width` pixels, that this is.
  mutating func bar(
    _ mask: borrowing Tensor<UInt8>, region: ImageRegion, height: Int, width: Int
  ) {
    var bar = Tensor<UInt8>(
      height: region.height, width: region.width, channels: 1, repeating: 0)
    var (barredCount, knownCount) = (0, 0)
    for y in 0..<region.height {
      let row = (region.rows.lowerBound + y) * mask.height / height
      for x in 0..<region.width where known[y, x] != 0 {
        knownCount += 1
        if mask[row, (region.columns.lowerBound + x) * mask.width / width] == 0 { continue }
        bar[y, x] = 255
        barredCount += 1
      }
    }
    if barredCount > 0 && 2 * barredCount <= knownCount { barred = consume bar }
  }
}

/// Writes a window's pixels into the photo, by the mask's weights.
func composite(
  _ window: borrowing Tensor<UInt8>, region: ImageRegion, box: Rectangle,
  onto pixels: inout Tensor<UInt8>, hole: borrowing Tensor<UInt8>
) {
  let (photoWidth, windowWidth) = (pixels.width, window.width)
  let (left, top) = (region.columns.lowerBound, region.rows.lowerBound)
  let (window, hole) = unsafe (window.pointer, hole.pointer)
  let pixels = unsafe pixels.mutablePointer
  for y in box.y..<box.maxY {
    for x in box.x..<box.maxX {
      let at = y * photoWidth + x
      let weight = unsafe Int(hole[at])
      if weight == 0 { continue }
      let from = 4 * ((y - top) * windowWidth + x - left)
      for c in 0..<3 {
        let (old, new) = unsafe (Int(pixels[3 * at + c]), Int(window[from + c]))
        let sum = old * (255 - weight) + new * weight
        unsafe pixels[3 * at + c] = UInt8((sum + 127) / 255)
      }
    }
  }
}
