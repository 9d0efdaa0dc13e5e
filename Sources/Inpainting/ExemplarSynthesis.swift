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
    _ window: consuming PartialImage, guide: borrowing Tensor<UInt8>?, guideScale: Double
  ) -> PatchLevel? {
    guard var level = solve(window, depth: 0, guide: guide, guideScale: guideScale) else {
      return nil
    }
    level.pick(threads: threads)
    level.closeSeam(limit: settings.seamLimit, threads: threads)
    return level
  }

  private func solve(
    _ image: consuming PartialImage, depth: Int, guide: borrowing Tensor<UInt8>?,
    guideScale: Double
  ) -> PatchLevel? {
    let coarse =
      isCoarsest(image)
      ? nil
      : solve(
        image.halved(needed: 4, threads: threads), depth: depth + 1, guide: guide,
        guideScale: guideScale)
    var level = PatchLevel(image)
    if level.sourceCount == 0 || level.targetCount == 0 { return nil }
    setGuide(of: &level, depth: depth, guide: guide, guideScale: guideScale)
    switch coarse {
    case .some(let coarse):
      level.enlarge(coarse)
      level.pick(threads: threads)
      refine(&level, depth: depth)
    case .none:
      start(&level, depth: depth, guide: guide)
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
    // The weight moves evenly from where the guide knows every pixel to the finest scale.
    let levels = max(guideScale * settings.guideReach, 1).log2
    let position = levels > 0 ? min(1, Double(depth) / levels) : 0
    let weight = settings.guideFine + (settings.guideCoarse - settings.guideFine) * position
    switch guide {
    case .some(let guide): setGuide(of: &level, to: guide, weight: weight)
    case .none: break
    }
  }

  private func setGuide(
    of level: inout PatchLevel, to guide: borrowing Tensor<UInt8>, weight: Double
  ) {
    // A patch has 49 pixels, of which the guide is compared at four.
    level.guideWeight = UInt32((weight * 49 / 4).rounded())
    level.guide =
      level.guideWeight == 0
      ? nil : paddedGuide(guide, height: level.height, width: level.width)
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

  /// The first sources of all: by what is known of each patch, and by the guide; a smooth fill stands
  /// in for it where there is none.
  private func start(
    _ level: inout PatchLevel, depth: Int, guide: borrowing Tensor<UInt8>?
  ) {
    let seed = seed &+ UInt32(depth) &* 1000
    let weight = level.guideWeight
    switch guide {
    case .some(let guide):
      setGuide(of: &level, to: guide, weight: settings.guidePeel)
    case .none:
      var smooth = PartialImage(
        pixels: level.image.pixels.copy(), known: level.image.known.copy())
      smooth.fillSmoothly(threads: threads)
      level.guide = smooth.pixels.copy()
      level.guideWeight = UInt32((settings.smoothWeight * 49 / 4).rounded())
    }
    level.scatter(seed: seed)
    level.peel(passes: settings.firstPasses, seed: seed, threads: threads)
    switch guide {
    case .some: level.guideWeight = weight
    case .none: level.guide = nil
    }
    for round in 1...settings.coarsestRounds {
      improve(
        &level, round: round, last: round == settings.coarsestRounds, seed: seed,
        radius: max(level.height, level.width) / 2, anywhere: 1)
    }
  }

  private func refine(_ level: inout PatchLevel, depth: Int) {
    let seed = seed &+ UInt32(depth) &* 1000
    // Coarse scales are cheap and decide what goes where; large ones only follow.
    let rounds = max(1, min(settings.mostRounds, settings.budget / level.targetCount))
    let small = rounds > 1
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
