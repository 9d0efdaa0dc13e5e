import Photos
import Tensors

/// The shadow on the ground at an object's feet, in a small upright picture around the object.
///
/// A shadow darkens what it falls on by nearly one factor in all colours, a little less in blue because
/// the sky still lights it, and leaves the texture as it was (Finlayson et al. 2006, "On the Removal of
/// Shadows from Images"; Prati et al. 2003, "Detecting Moving Shadows", compare detectors that rest on
/// it). So a shadow is a dark region that touches the object's foot, lies low, ends within the picture against brighter ground of
/// its own hue and grain, and is smaller than the object. What fails any of these is left alone: it may be
/// a neighbour's trousers, deep water, a hedge, or paint. The limits were set by eye on objects of a
/// thousand photos with outlines.
///
/// - Complexity: O(pixels) for each of a dozen limits of darkness.
struct ContactShadow {
  private let height: Int
  private let width: Int
  /// Logarithms of the colours, over which a shadow is a constant.
  private let colours: [SIMD3<Float>]
  private let object: [Bool]
  /// What a shadow may fall on: not the object, its rim, or another one.
  private let ground: [Bool]
  /// Where the photo ends with the picture; a shadow may be cut off there.
  private let ends: Ends
  private let grid: Grid

  /// Sides of the picture that are sides of the photo.
  struct Ends {
    var left: Bool
    var right: Bool
    var below: Bool
  }

  /// The long side of the picture that this is made for, in pixels.
  static let workingSide = 192.0
  /// Dark pixels say little of their hue: so much is added before the logarithm.
  private static let floor: Float = 0.04

  /// - Parameters:
  ///   - picture: height × width × 3, upright.
  ///   - object: Where the object is, row after row.
  ///   - others: Where a shadow cannot be seen for other objects.
  ///   - ends: Where the photo ends with the picture.
  init(picture: borrowing Tensor<UInt8>, object: [Bool], others: [Bool], ends: Ends) {
    (height, width) = (picture.height, picture.width)
    self.object = object
    self.ends = ends
    let pixels = picture.span
    var logarithms = [Float](repeating: 0, count: 256)
    for byte in 0..<256 { logarithms[byte] = logarithm(Float(byte) / 255 + Self.floor) }
    colours = object.indices.map {
      SIMD3(
        logarithms[Int(pixels[3 * $0])], logarithms[Int(pixels[3 * $0 + 1])],
        logarithms[Int(pixels[3 * $0 + 2])])
    }
    let grid = Grid(height: height, width: width)
    let rim = grid.dilated(object, by: 1)
    ground = object.indices.map { !rim[$0] && !others[$0] }
    self.grid = grid
  }

  /// The shadow's pixels with its soft edge, and the dark strip at the foot; `nil` where there is neither.
  func pixels() -> [Bool]? {
    guard let box = grid.box(of: object) else { return nil }
    let (shadow, strip) = (shadow(of: box), strip(under: box))
    guard let shadow, let strip else { return shadow ?? strip }
    return shadow.indices.map { shadow[$0] || strip[$0] }
  }

  /// What is darker than the ground below the object, right at its foot.
  ///
  /// Soles, tyres, and the line where no light comes: however small, a fill would draw it up into the hole.
  /// Nearly all of it must end near the object; dark ground goes on.
  private func strip(under box: Rectangle) -> [Bool]? {
    let size = Float(box.width * box.height).squareRoot()
    let reach = max(8, Int(Self.stripReach * size))
    let levels = grid.means(of: colours, where: ground, reach: 1).map { $0.sum() / 3 }
    let rim = grid.dilated(object, by: 2)
    let near = grid.dilated(object, by: reach / 2)
    let allowed = grid.dilated(object, by: reach)
    let within = grid.dilated(object, by: reach - 1)
    // Beside a slim thing's legs there may be anything; what lies along, such as a car, has its foot aslant.
    let isLong = 2 * box.width > 3 * box.height
    let foot = box.maxY - (isLong ? box.height * 3 / 5 : min(box.width, box.height) / 5)
    if !isLong && box.maxY + reach > height { return nil }
    var lowest = [Int](repeating: height, count: width)
    for index in object.indices where object[index] { lowest[index % width] = index / width }
    let below = levels.indices.filter {
      allowed[$0] && !near[$0] && ground[$0] && $0 / width >= foot
        && $0 / width > lowest[$0 % width]
    }
    if below.count < 20 { return nil }
    let usual = quantile(below.map { levels[$0] }, 0.5)
    func isDark(_ index: Int) -> Bool {
      ground[index] && index / width >= foot && levels[index] < usual - Self.stripContrast
    }
    let start = levels.indices.filter {
      rim[$0] && isDark($0) && $0 / width > lowest[$0 % width]
    }
    var region = grid.flooded(from: start) { allowed[$0] && isDark($0) }
    let limit = levels.indices.filter {
      allowed[$0] && !within[$0] && ground[$0] && $0 / width >= foot
    }
    if 10 * limit.count(where: { region[$0] }) > limit.count { return nil }
    // What goes on to one side as dark as that, such as the shade of a hedge, is none of its own.
    let (left, right) = (max(0, box.x - reach + 1), min(width, box.maxX + reach - 1))
    func goesOn(at x: Int) -> Bool { (0..<height).contains { region[$0 * width + x] } }
    let kept = (goesOn(at: left) ? box.x : 0)..<(goesOn(at: right - 1) ? box.maxX : width)
    for index in region.indices where !kept.contains(index % width) { region[index] = false }
    let count = region.count { $0 }
    // A neighbour's leg goes on upwards.
    let rising = (0..<width).count { x in
      let index = foot * width + x
      return region[index] && ground[index - width]
        && levels[index - width] < usual - Self.stripContrast
    }
    if count < 6 || 3 * count > object.count(where: { $0 }) || 3 * rising > reach { return nil }
    let soft = grid.dilated(region, by: 1)
    return soft.indices.map { soft[$0] && ground[$0] }
  }

  /// How far the strip may go from the object, in parts of the object's size.
  private static let stripReach: Float = 0.3
  /// By how much it is darker than the ground, as a difference of logarithms: a fourth.
  private static let stripContrast: Float = 0.3

  private func shadow(of box: Rectangle) -> [Bool]? {
    if box.maxY >= height { return nil }
    let area = object.count { $0 }
    let ring = grid.dilated(object, by: 4)
    let lowest = box.maxY - box.height / 6
    let foot = object.indices.filter { ring[$0] && ground[$0] && $0 / width >= lowest }
    if foot.count < 10 { return nil }
    let smooth = grid.means(of: colours, where: ground, reach: 2)
    let levels = smooth.map { $0.sum() / 3 }
    let darkest = quantile(foot.map { levels[$0] }, 0.05)
    let around = object.indices.filter { ground[$0] && $0 / width >= lowest }
    let brightest = quantile(around.map { levels[$0] }, 0.9)
    if brightest - darkest < Self.leastContrast { return nil }
    var best: (region: [Bool], weight: Float)?
    for step in 1..<13 {
      let limit = darkest + (brightest - darkest) * Float(step) / 13
      let region = grid.flooded(from: foot) { ground[$0] && levels[$0] < limit }
      let count = region.count { $0 }
      if Float(count) < max(30, 0.02 * Float(area)) { continue }
      // A larger limit only adds to the region.
      guard Float(count) <= Self.greatestShare * Float(area), lies(region, at: box, area: area)
      else { break }
      let edge = contrast(of: region, in: levels)
      if edge.mean * edge.share > best?.weight ?? 0, edge.share >= 0.8, edge.mean >= 0.18 {
        best = (region, edge.mean * edge.share)
      }
    }
    guard let region = best?.region, touches(region, foot), isShade(region, smooth) else {
      return nil
    }
    let soft = grid.dilated(region, by: 2)
    return soft.indices.map { soft[$0] && ground[$0] || region[$0] }
  }

  /// Below this difference of logarithms between ground and ground there is no shadow.
  private static let leastContrast: Float = 0.2
  /// The largest shadow, as a share of its object.
  private static let greatestShare: Float = 0.6

  /// Whether a region lies flat at the object's foot and ends within the picture, or with the photo on one
  /// side.
  private func lies(_ region: [Bool], at object: Rectangle, area: Int) -> Bool {
    guard let box = grid.box(of: region) else { return false }
    let reach = max(Int(Float(area).squareRoot()), object.height / 2)
    let near = object.grown(by: reach)
    return box.y > 0 && (ends.left || box.x > 0) && (ends.right || box.maxX < width)
      && (ends.below || box.maxY < height) && (box.x > 0 || box.maxX < width)
      && box.y >= object.maxY - object.height * 45 / 100
      && box.x >= near.x && box.maxX <= near.maxX && box.maxY <= near.maxY
      && 10 * box.height <= 13 * box.width
  }

  /// By how much the ground is brighter just outside a region than just inside: the mean along its
  /// edge, and the share of the edge where it is brighter at all.
  private func contrast(of region: [Bool], in levels: [Float]) -> (mean: Float, share: Float) {
    let lit = ground.indices.map { ground[$0] && !region[$0] }
    let inside = grid.means(of: levels, where: region, reach: 3)
    let outside = grid.means(of: levels, where: lit, reach: 4)
    let near = grid.dilated(lit, by: 1)
    var (sum, brighter, count) = (Float(0), 0, 0)
    for index in region.indices where region[index] && near[index] {
      let step = outside[index] - inside[index]
      sum += step
      brighter += step > 0.12 ? 1 : 0
      count += 1
    }
    if count < 8 { return (0, 0) }
    return (sum / Float(count), Float(brighter) / Float(count))
  }

  /// Whether a region goes along enough of the object's foot to be its own.
  private func touches(_ region: [Bool], _ foot: [Int]) -> Bool {
    10 * foot.count { region[$0] } > foot.count
  }

  /// Whether a region is the ground beside it, only darker.
  private func isShade(_ region: [Bool], _ smooth: [SIMD3<Float>]) -> Bool {
    let beside = grid.dilated(region, by: 6)
    let lit = ground.indices.map { beside[$0] && ground[$0] && !region[$0] }
    let (dark, bright) = (Statistics(smooth, where: region), Statistics(smooth, where: lit))
    let step = bright.mean - dark.mean
    let mean = step.sum() / 3
    let spread = step.max() - step.min()
    // Where all colours are one, as in a black-and-white photo, hue proves nothing.
    if spread < 0.004 { return false }
    let (innerGrain, outerGrain) = (grain(of: region), grain(of: lit))
    // In the sun a shadow is lit by the sky alone: red darkens most there, and blue least.
    let isSkylit = step.x > step.y - 0.02 && step.y > step.z - 0.02
    // Logarithms: 0.2 is a fifth darker; under clouds no blue sky lights a shadow; a narrow shadow under a
    // car is steep, which looks like grain; hues and brightness vary little on one ground; what is black
    // shows neither hue nor grain.
    return mean > 0.2 && mean < 1.3 && spread < (isSkylit ? 0.5 : 0.3) * mean
      && step.z < step.x + max(0.06, 0.18 * mean)
      && innerGrain > 0.4 * outerGrain && innerGrain < 2 * outerGrain + 0.14
      && dark.hue < 0.1 && bright.hue < 0.1 && dark.level < 0.35 && bright.level < 0.3
      && exponential(dark.mean.sum() / 3) - Self.floor > 0.03
  }

  /// How far the pixels of a region are, on average, from the means of their neighbours in it.
  private func grain(of region: [Bool]) -> Float {
    let smooth = grid.means(of: colours, where: region, reach: 2)
    var (sum, count) = (Float(0), Float(0))
    for index in region.indices where region[index] {
      sum += abs((colours[index] - smooth[index]).sum() / 3)
      count += 1
    }
    return sum / max(count, 1)
  }

  private func quantile(_ values: [Float], _ share: Float) -> Float {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[Int(share * Float(sorted.count - 1))]
  }
}

/// Mean and spread of logarithms of colours.
private struct Statistics {
  var mean = SIMD3<Float>.zero
  /// Standard deviation of the brightness.
  var level: Float = 0
  /// Standard deviation of the hue: the larger of red and blue against green.
  var hue: Float = 0

  init(_ colours: [SIMD3<Float>], where marked: [Bool]) {
    var sum = SIMD3<Float>.zero
    // Brightness, red − green, blue − green, and their squares.
    var values = SIMD3<Float>.zero
    var squares = SIMD3<Float>.zero
    var count: Float = 0
    for index in colours.indices where marked[index] {
      let colour = colours[index]
      let parts = SIMD3(colour.sum() / 3, colour.x - colour.y, colour.z - colour.y)
      sum += colour
      values += parts
      squares += parts * parts
      count += 1
    }
    if count == 0 { return }
    mean = sum / count
    let means = values / count
    let variances = squares / count - means * means
    level = max(variances.x, 0).squareRoot()
    hue = max(variances.y, variances.z, 0).squareRoot()
  }
}
