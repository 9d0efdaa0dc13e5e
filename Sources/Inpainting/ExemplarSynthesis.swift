import Kernels
import Tensors

/// Fills a hole with detail from the picture around it.
///
/// Multi-scale PatchMatch: at each scale patches over the hole look for their likes outside it
/// (Barnes et al. 2009) and vote for its pixels (Wexler et al. 2007), with a fourth channel for
/// texture (Newson et al. 2014). A scale starts from the sources of the next coarser one, copied
/// sharp, and the last one copies instead of averaging. A guide, the network's fill, joins the
/// distance with a weight that falls from coarse to fine (Zhang et al. 2022).
struct ExemplarSynthesis {
  let settings: SynthesisSettings
  let seed: UInt32
  let threads: Int

  /// The window with its hole filled; `nil` where there is nothing to copy from.
  ///
  /// - Parameters:
  ///   - window: Red, green, blue and texture.
  ///   - guide: A low-passed picture of the whole window, four channels, of any size.
  ///   - guideScale: Window pixels to a pixel of what the guide truly knows.
  func fill(
    _ window: borrowing PartialImage, guide: borrowing Tensor<UInt8>?, guideScale: Double
  ) -> PatchLevel? {
    guard var level = solve(window, depth: 0, guide: guide, guideScale: guideScale) else {
      return nil
    }
    level.pick(threads: threads)
    closeSeam(&level)
    return level
  }

  /// Closes the seam: what the sources say of the pixels just outside the hole differs from what
  /// those are, and that difference, spread smoothly over the hole, is taken off.
  ///
  /// A membrane as in gradient-domain blending (Pérez et al. 2003; Farbman et al. 2009), from a
  /// pyramid instead of a solver. Differences too large to be of light are of content: left out.
  func closeSeam(_ level: inout PatchLevel) {
    if settings.seamLimit == 0 { return }
    let (height, width) = (level.height, level.width)
    var difference = Tensor<UInt8>(height: height + 1, width: width, channels: 4, repeating: 128)
    var known = Tensor<UInt8>(height: height, width: width, repeating: 0)
    let distances = squaredDistances(toSet: level.hole, far: 4)
    for y in 0..<height {
      for x in 0..<width where distances[y, x] > 0 && distances[y, x] <= 4 {
        let source = level.source(row: y, column: x)
        var far = false
        for c in 0..<3 {
          let d =
            Int(level.pixels[y, x, c]) - Int(level.pixels[source.row, source.column, c])
          if abs(d) > settings.seamLimit { far = true }
          difference[y, x, c] = UInt8(clamping: 128 + d)
        }
        if !far { known[y, x] = 255 }
      }
    }
    var membrane = PartialImage(pixels: difference, known: known)
    membrane.fillSmoothly(threads: threads)
    for y in 0..<height {
      for x in 0..<width where level.hole[y, x] != 0 {
        for c in 0..<3 {
          level.pixels[y, x, c] = UInt8(
            clamping: Int(level.pixels[y, x, c]) + Int(membrane.pixels[y, x, c]) - 128)
        }
      }
    }
  }

  private func solve(
    _ image: borrowing PartialImage, depth: Int, guide: borrowing Tensor<UInt8>?,
    guideScale: Double
  ) -> PatchLevel? {
    var level = PatchLevel(image)
    if level.sourceCount == 0 || level.targetCount == 0 { return nil }
    if !isCoarsest(image),
      let coarse = solve(
        image.halved(needed: 4, threads: threads), depth: depth + 1, guide: guide,
        guideScale: guideScale)
    {
      level.enlarge(coarse)
      setGuide(of: &level, depth: depth, guide: guide, guideScale: guideScale)
      level.pick(threads: threads)
      refine(&level, depth: depth)
    } else {
      setGuide(of: &level, depth: depth, guide: guide, guideScale: guideScale)
      start(&level, image, depth: depth, guided: guide != nil)
    }
    return level
  }

  /// Whether the next smaller picture would have too little left to search.
  private func isCoarsest(_ image: borrowing PartialImage) -> Bool {
    if min(image.height, image.width) < 4 * PatchLevel.radius + 4 { return true }
    if max(image.height, image.width) > 512 { return false }
    let reach = settings.coarsestReach
    let distances = squaredDistances(toSet: image.known)
    var deepest: Int32 = 0
    let span = distances.span
    for i in 0..<span.count { deepest = max(deepest, span[i]) }
    return Int(deepest) <= reach * reach
  }

  private func setGuide(
    of level: inout PatchLevel, depth: Int, guide: borrowing Tensor<UInt8>?, guideScale: Double
  ) {
    switch guide {
    case .some(let guide):
      level.guide = paddedGuide(guide, height: level.height, width: level.width)
      // The weight moves evenly from where the guide knows every pixel to the finest scale.
      let levels = max(guideScale * settings.guideReach, 1).log2
      let position = levels > 0 ? min(1, Double(depth) / levels) : 0
      let weight =
        settings.guideFine + (settings.guideCoarse - settings.guideFine) * position
      level.guideWeight = UInt32((weight * 49 / 4).rounded())
    case .none:
      break
    }
  }

  private func paddedGuide(
    _ guide: borrowing Tensor<UInt8>, height: Int, width: Int
  ) -> Tensor<UInt8> {
    let sized = resized(
      guide, height: height, width: width,
      filter: guide.height > height ? .area : .bilinear, threads: threads)
    var padded = Tensor<UInt8>(height: height + 1, width: width, channels: 4, repeating: 0)
    unsafe sized.withUnsafeBufferPointer { from in
      unsafe padded.withUnsafeMutableBufferPointer { to in
        _ = unsafe to.update(fromContentsOf: from)
      }
    }
    return padded
  }

  /// The first sources of all: by what is known of each patch, and by the guide.
  private func start(
    _ level: inout PatchLevel, _ image: borrowing PartialImage, depth: Int, guided: Bool
  ) {
    if !guided {
      // A smooth fill stands in for the guide, in the first search only.
      var smooth = PartialImage(pixels: image.pixels.copy(), known: image.known.copy())
      smooth.fillSmoothly(threads: threads)
      level.guide = smooth.pixels.copy()
      level.guideWeight = UInt32((settings.smoothWeight * 49 / 4).rounded())
    }
    let seed = seed &+ UInt32(depth) &* 1000
    level.scatter(seed: seed)
    let later = level.guideWeight
    if guided { level.guideWeight = UInt32((settings.guidePeel * 49 / 4).rounded()) }
    level.peel(passes: settings.firstPasses, seed: seed, threads: threads)
    if guided {
      level.guideWeight = later
    } else {
      level.guide = nil
      level.guideWeight = 0
    }
    for round in 1...settings.coarsestRounds {
      improve(
        &level, round: round, last: round == settings.coarsestRounds, seed: seed,
        radius: max(level.height, level.width) / 2, anywhere: 1)
    }
  }

  private func refine(_ level: inout PatchLevel, depth: Int) {
    let seed = seed &+ UInt32(depth) &* 1000
    let small = level.targetCount <= settings.smallPixels
    let rounds = small ? settings.smallRounds : settings.largeRounds
    for round in 0..<rounds {
      improve(
        &level, round: round, last: round == rounds - 1, seed: seed,
        radius: small ? max(level.height, level.width) / 4 : 8, anywhere: 0)
    }
  }

  /// One round: search by the picture as it stands, then let the patches vote.
  private func improve(
    _ level: inout PatchLevel, round: Int, last: Bool, seed: UInt32, radius: Int, anywhere: Int
  ) {
    level.measure(threads: threads)
    for pass in 0..<settings.passes {
      level.search(
        pass: pass, radius: radius, anywhere: anywhere, seed: seed &+ UInt32(round * 16 + 16),
        threads: threads)
    }
    if !last {
      level.vote(
        quantile: settings.voteQuantile, sharpness: settings.voteSharpness,
        fade: settings.fade, threads: threads)
    }
  }
}

extension Double {
  /// The logarithm to base 2 of a positive number, whole steps exact.
  fileprivate var log2: Double {
    var value = self
    var whole = 0.0
    while value >= 2 {
      value /= 2
      whole += 1
    }
    return whole + (value - 1)
  }
}
