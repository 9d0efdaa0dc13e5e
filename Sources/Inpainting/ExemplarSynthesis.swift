import Kernels
import Tensors

/// Fills a hole with detail from the picture around it.
///
/// Multi-scale PatchMatch: at each scale patches over the hole look for their likes outside it
/// (Barnes et al. 2009) and vote for its pixels (Wexler et al. 2007), with a fourth channel for
/// texture (Newson et al. 2014). A scale starts from the sources of the next coarser one, copied
/// sharp, and the last one copies instead of averaging. A guide, the network's fill, joins the
/// distance with a weight that falls from coarse to fine (Zhang et al. 2022) and from the hole's edge
/// inwards, where a network knows less; at the end it lends its low frequencies where patches match
/// badly.
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
    level.agree(
      quantile: settings.voteQuantile, sharpness: settings.voteSharpness, threads: threads)
    level.soften(
      by: settings.softness, quantile: settings.voteQuantile, sharpness: settings.voteSharpness,
      threads: threads)
    level.closeSeam(limit: settings.seamLimit, threads: threads)
    if settings.transfer > 0 {
      switch guide {
      case .some(let guide): transfer(guide, to: &level, scale: guideScale)
      case .none: break
      }
    }
    return level
  }

  /// Lets the result take over the guide's low frequencies where its sources explain it badly.
  ///
  /// As in blending by bands (Burt and Adelson 1983): what the guide's low-pass leaves of the result
  /// stays, what lies below comes from the guide. It fades in from the hole's edge, and where patches
  /// match well, as in a clear sky, the sources know better. Around the hole the channel of the
  /// mismatch still holds the texture: beside rough surroundings a little more is taken over.
  private func transfer(
    _ guide: borrowing Tensor<UInt8>, to level: inout PatchLevel, scale: Double
  ) {
    let (height, width, region) = (level.height, level.width, level.region)
    let distances = squaredDistances(
      toSet: level.image.known, region: region, threads: threads)
    level.image.known = Tensor(height: height, width: width, repeating: 255)
    level.markMismatch(threads: threads)
    var step = 1.0
    var small = Tensor<UInt8>(uninitializedHeight: guide.height, width: guide.width, channels: 4)
    if level.height > guide.height {
      var image = level.image.halved(needed: 1, threads: threads)
      step = 2
      while image.height > guide.height {
        image = image.halved(needed: 1, threads: threads)
        step *= 2
      }
      copy(image.pixels, into: &small)
    } else {
      copy(level.image.pixels, into: &small)
    }
    let mine = gaussianBlurred(
      small, sigma: settings.guideBlur * scale / step, threads: threads)
    let (limit, bad) = (settings.transferLimit, settings.transferError * settings.transferError)
    let (guideWidth, most) = (guide.width, settings.transfer)
    nonisolated(unsafe) let (wanted, found) = unsafe (guide.pointer, mine.pointer)
    nonisolated(unsafe) let change = unsafe small.mutablePointer
    inRows(guide.height, threads: threads) { rows in
      for i in rows.lowerBound * guideWidth..<rows.upperBound * guideWidth {
        let mismatch = unsafe Double(found[4 * i + 3]) * Double(found[4 * i + 3])
        let part = most * (bad > 0 ? mismatch / (mismatch + bad) : 1)
        for c in 4 * i..<4 * i + 3 {
          let d = unsafe Double(wanted[c]) - Double(found[c])
          let taken = d * part * limit / (limit + abs(d))
          unsafe change[c] = UInt8(clamping: 128 + Int(taken + (taken < 0 ? -0.5 : 0.5)))
        }
      }
    }
    extendLifetime(mine)
    let added = resized(small, height: height, width: width, filter: .bilinear, threads: threads)
    let fadeIn = max(1, settings.guideBlur * scale)
    nonisolated(unsafe) let hole = unsafe level.hole.pointer
    nonisolated(unsafe) let pixels = unsafe level.image.pixels.mutablePointer
    nonisolated(unsafe) let (distance, addition) = unsafe (distances.pointer, added.pointer)
    inRows(region.height, threads: threads) { rows in
      for row in rows {
        let line = (region.rows.lowerBound + row) * width
        for x in region.columns where unsafe hole[line + x] != 0 {
          let squared = unsafe Float(
            distance[row * region.width + x - region.columns.lowerBound])
          let part = min(1, squared.squareRoot() / Float(fadeIn))
          for i in 4 * (line + x)..<4 * (line + x) + 3 {
            let sum = unsafe Float(pixels[i]) + part * (Float(addition[i]) - 128)
            unsafe pixels[i] = UInt8(max(0, min(255, sum + 0.5)))
          }
        }
      }
    }
    extendLifetime(distances)
    extendLifetime(added)
  }

  /// The first rows of a picture.
  private func copy(_ from: borrowing Tensor<UInt8>, into to: inout Tensor<UInt8>) {
    unsafe from.withUnsafeBufferPointer { from in
      unsafe to.withUnsafeMutableBufferPointer { to in
        _ = unsafe to.update(fromContentsOf: from[0..<to.count])
      }
    }
  }

  private func solve(
    _ image: consuming PartialImage, depth: Int, guide: borrowing Tensor<UInt8>?,
    guideScale: Double
  ) -> PatchLevel? {
    // Halved again, a picture must have something left to search.
    let isTiny = min(image.height, image.width) < 4 * PatchLevel.radius + 4
    let isShallow = isShallow(image)
    let coarse =
      isTiny || isShallow
      ? nil
      : solve(
        image.halved(needed: 4, threads: threads), depth: depth + 1, guide: guide,
        guideScale: guideScale)
    var level = PatchLevel(image)
    if level.sourceCount == 0 || level.targetCount == 0 { return nil }
    setGuide(of: &level, depth: depth, guide: guide, guideScale: guideScale)
    if textureGain(depth) > 1 { level.limitTexture(threads: threads) }
    switch coarse {
    case .some(let coarse):
      level.enlarge(coarse, threads: threads)
      level.pick(textureGain: textureGain(depth), threads: threads)
      refine(&level, depth: depth)
    case .none:
      // At a coarser scale nothing whole was left to copy, as in a thin frame around a large hole, or there is
      // none, as of a strip. A first search takes as long as the hole is large and deep, and here there is
      // little to find.
      if !isShallow
        && level.targetCount * deepest(level.image) > settings.budget * settings.coarsestReach
      {
        return nil
      }
      start(&level, depth: depth, guide: guide)
    }
    return level
  }

  /// Whether picture and hole are so small that a first search takes little.
  private func isShallow(_ image: borrowing PartialImage) -> Bool {
    if max(image.height, image.width) > 512 { return false }
    return deepest(image) <= settings.coarsestReach
  }

  /// How far the hole's innermost pixel is from its edge, rounded up.
  private func deepest(_ image: borrowing PartialImage) -> Int {
    let distances = squaredDistances(toSet: image.known, threads: threads)
    var deepest: Int32 = 0
    let span = distances.span
    for i in 0..<span.count { deepest = max(deepest, span[i]) }
    return Int(Double(deepest).squareRoot().rounded(.up))
  }

  private func setGuide(
    of level: inout PatchLevel, depth: Int, guide: borrowing Tensor<UInt8>?, guideScale: Double
  ) {
    let weight = settings.guideWeight(depth: depth, scale: guideScale)
    switch guide {
    case .some(let guide): setGuide(of: &level, to: guide, weight: weight)
    case .none: break
    }
    if level.guide != nil && settings.trustReach > 0 {
      level.trust = trust(
        around: level.image.known, reach: settings.trustReach * guideScale / Double(1 << depth))
    }
  }

  /// Full trust at the hole's edge, half of it `reach` pixels from there.
  private func trust(around known: borrowing Tensor<UInt8>, reach: Double) -> Tensor<UInt8> {
    let distances = squaredDistances(toSet: known, threads: threads)
    var trust = Tensor<UInt8>(uninitializedHeight: known.height, width: known.width)
    let width = known.width
    nonisolated(unsafe) let (far, trusted) = unsafe (distances.pointer, trust.mutablePointer)
    inRows(known.height, threads: threads) { rows in
      for i in rows.lowerBound * width..<rows.upperBound * width {
        unsafe trusted[i] = UInt8(255 / (1 + Double(far[i]) / (reach * reach)) + 0.5)
      }
    }
    extendLifetime(distances)
    return trust
  }

  private func setGuide(
    of level: inout PatchLevel, to guide: borrowing Tensor<UInt8>, weight: Double
  ) {
    // A patch has 49 pixels, of which the guide is compared at four.
    level.guideWeight = UInt32(min(4_000, (weight * 49 / 4 * 64).rounded()))
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
    var padded = Tensor<UInt8>(uninitializedHeight: height + 1, width: width, channels: 4)
    unsafe sized.withUnsafeBufferPointer { from in
      unsafe padded.withUnsafeMutableBufferPointer { to in
        let end = unsafe to.update(fromContentsOf: from)
        unsafe to[end...].update(repeating: 0)
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
      level.guideWeight = UInt32((settings.smoothWeight * 49 / 4 * 64).rounded())
    }
    level.scatter(seed: seed)
    level.peel(passes: settings.firstPasses, seed: seed, threads: threads)
    switch guide {
    case .some: level.guideWeight = weight
    case .none: level.guide = nil
    }
    for round in 1...settings.coarsestRounds {
      search(
        &level, round: round, seed: seed, radius: max(level.height, level.width) / 2, anywhere: 1)
      if round < settings.coarsestRounds { _ = vote(&level, depth) }
    }
  }

  private func refine(_ level: inout PatchLevel, depth: Int) {
    let seed = seed &+ UInt32(depth) &* 1000
    let longer = max(level.height, level.width)
    // Coarse scales are cheap and decide what goes where; large ones only follow.
    var left = settings.budget - level.targetCount
    let radius = left >= level.targetCount ? longer / 4 : 8
    var active = level.targetCount
    for round in 0..<settings.mostRounds {
      search(&level, round: round, seed: seed, radius: radius, anywhere: 0)
      if active > left || active * 50 < level.targetCount { break }
      active = vote(&level, depth)
      left -= active
    }
  }

  /// Searches by the picture as it stands.
  private func search(
    _ level: inout PatchLevel, round: Int, seed: UInt32, radius: Int, anywhere: Int
  ) {
    level.measure(threads: threads)
    for pass in 0..<settings.passes {
      level.search(
        pass: pass, radius: radius, anywhere: anywhere, seed: seed &+ UInt32(round * 16 + 16),
        threads: threads)
    }
  }

  private func textureGain(_ depth: Int) -> Double { depth == 0 ? 1 : settings.textureGain }

  /// Lets the patches vote; how many are not settled by that.
  private func vote(_ level: inout PatchLevel, _ depth: Int) -> Int {
    level.vote(
      quantile: settings.voteQuantile, sharpness: settings.voteSharpness, fade: settings.fade,
      textureGain: textureGain(depth), tolerance: 0, threads: threads)
  }
}
