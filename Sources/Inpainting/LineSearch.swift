import Kernels
import Tensors

/// Finds the straight lines and edges that go into a hole and come out of it on the other side.
///
/// Networks of this size let lines fade within a few pixels of the hole's edge, where the eye misses them
/// first: horizons, kerbs, edges of tables, corners of rooms. Two strips of the photo, on opposite sides of the
/// hole and on one straight path, that are alike across the path and steady along it, are taken for one line.
struct LineSearch {
  /// Pixels along which a strip is compared.
  private static let length = 14
  /// The least contrast of a line, in levels.
  private static let leastContrast: Float = 8
  /// How much stronger a strip's contrast must be than its own noise (variances).
  private static let leastSteadiness: Float = 1.5
  /// What a line's surroundings change across it more than along it, as a share of all change.
  private static let leastCoherence: Float = 0.3
  /// How much stronger what both strips share must be than what sets them apart (variances).
  private static let leastRatio: Float = 3
  /// Pixels of hole under a line: shorter gaps the network closes.
  private static let shortestGap: Float = 12
  /// How far a strip's direction may be off the path, as a cosine: 1.6 degrees.
  private static let alignment: Float = 0.99961
  /// At most so many lines are drawn.
  private static let most = 12
  /// At most so many pairs of strips are looked at closely.
  private static let mostPairs = 24

  /// At most so many strips are compared with each other, those of the most contrast: between stripes there
  /// are tens of thousands.
  private static let mostRays = 2_000

  private let field: LineField

  init(_ field: LineField) { self.field = field }

  /// Whether a hole is anywhere so wide that a line can be lost in it.
  static func canFind(in known: borrowing Tensor<UInt8>) -> Bool {
    let distances = squaredDistances(toSet: known, far: Int(shortestGap))
    let squared = distances.span
    for i in squared.indices where 4 * squared[i] >= Int32(shortestGap * shortestGap) {
      return true
    }
    return false
  }

  /// A strip that leads away from the hole.
  private struct Ray {
    let origin: SIMD2<Float>
    let direction: SIMD2<Float>
    let strip: LineStrip
  }

  private struct Pair {
    let first: Int
    let second: Int
    let strength: Float
  }

  /// The lines, the strongest first; none crosses another.
  func lines() -> [StraightLine] {
    let rays = strongest(rays())
    var found: [StraightLine] = []
    for pair in pairs(of: rays) {
      if let line = fitted(from: rays[pair.first].origin, to: rays[pair.second].origin) {
        found.append(line)
      }
    }
    found.sort { $0.strength > $1.strength }
    var kept: [StraightLine] = []
    for line in found where kept.count < LineSearch.most {
      if kept.allSatisfy({ line.isApart(from: $0) }) { kept.append(line) }
    }
    return kept
  }

  private func strongest(_ rays: [Ray]) -> [Ray] {
    if rays.count <= Self.mostRays { return rays }
    let order = rays.indices.sorted {
      (rays[$0].strip.contrast, $1) > (rays[$1].strip.contrast, $0)
    }
    return order.prefix(Self.mostRays).sorted().map { rays[$0] }
  }

  /// Strips from the hole's edge outwards, along the picture's own direction there and up to twelve
  /// degrees off it.
  private func rays() -> [Ray] {
    var rays: [Ray] = []
    for y in 0..<field.height {
      for x in 0..<field.width where isAtEdge(x, y) {
        guard let tangent = tangent(x, y) else { continue }
        let origin = SIMD2(Float(x), Float(y))
        for step in -4...4 {
          // Three degrees.
          let turn = Float(step) * 0.0524
          let turned = tangent + turn * SIMD2(-tangent.y, tangent.x)
          let direction = turned / turned.length
          for outwards in [direction, -direction] {
            let ahead = origin + 3 * outwards
            guard field.isKnown(Int(ahead.x.rounded()), Int(ahead.y.rounded())),
              let strip = LineStrip(
                in: field, from: origin, along: outwards, length: LineSearch.length)
            else { continue }
            let contrast = strip.contrast
            if contrast > LineSearch.leastContrast * LineSearch.leastContrast
              && contrast > LineSearch.leastSteadiness * strip.noise
            {
              rays.append(Ray(origin: origin, direction: outwards, strip: strip))
            }
          }
        }
      }
    }
    return rays
  }

  private func isAtEdge(_ x: Int, _ y: Int) -> Bool {
    guard field.isKnown(x, y), x > 0, y > 0, x < field.width - 1, y < field.height - 1 else {
      return false
    }
    for dy in -1...1 {
      for dx in -1...1 where !field.isKnown(x + dx, y + dy) { return true }
    }
    return false
  }

  /// The direction in which a place's surroundings change least, by their structure tensor; `nil` where they
  /// hardly change at all, or in all directions alike.
  private func tangent(_ x: Int, _ y: Int) -> SIMD2<Float>? {
    var (xx, yy, xy): (Float, Float, Float) = (0, 0, 0)
    for dy in -6...6 {
      for dx in -6...6 {
        let g = field.gradient(x + dx, y + dy)
        xx += g.x * g.x
        yy += g.y * g.y
        xy += g.x * g.y
      }
    }
    // Half the angle of (xx - yy, 2 xy) is that of the gradient; its tangent stands across.
    let (a, b) = (xx - yy, 2 * xy)
    let c = (a * a + b * b).squareRoot()
    if xx + yy < 4 * LineSearch.leastContrast * LineSearch.leastContrast
      || c < LineSearch.leastCoherence * (xx + yy)
    {
      return nil
    }
    let cosine = max(0, (1 + a / c) / 2).squareRoot()
    let sine = max(0, (1 - a / c) / 2).squareRoot() * (b < 0 ? -1 : 1)
    return SIMD2(-sine, cosine)
  }

  /// Pairs of alike strips that look at each other across the hole, the strongest first.
  private func pairs(of rays: [Ray]) -> [Pair] {
    var pairs: [Pair] = []
    // Apart from the strips, so that the many comparisons touch numbers alone.
    let (origins, directions) = (rays.map(\.origin), rays.map(\.direction))
    for first in origins.indices {
      let (origin, direction) = (origins[first], directions[first])
      for second in origins[(first + 1)...].indices {
        let path = origins[second] - origin
        let (back, ahead) = (-(path * direction).sum(), (path * directions[second]).sum())
        if min(back, ahead) < LineSearch.shortestGap { continue }
        let least = LineSearch.alignment * path.length
        if min(back, ahead) < least { continue }
        let (ratio, shared) = rays[first].strip.reversed.likeness(to: rays[second].strip)
        if ratio < 0.7 || shared < LineSearch.leastContrast * LineSearch.leastContrast { continue }
        if !runsThroughHole(origin, origins[second]) { continue }
        pairs.append(Pair(first: first, second: second, strength: ratio * shared.squareRoot()))
      }
    }
    pairs.sort { $0.strength > $1.strength }
    var kept: [Pair] = []
    func near(_ a: Int, _ b: Int) -> Bool {
      let difference = rays[a].origin - rays[b].origin
      return abs(difference.x) <= 3 && abs(difference.y) <= 3
    }
    for pair in pairs where kept.count < LineSearch.mostPairs {
      let isNew = kept.allSatisfy {
        !(near(pair.first, $0.first) && near(pair.second, $0.second))
          && !(near(pair.first, $0.second) && near(pair.second, $0.first))
      }
      if isNew { kept.append(pair) }
    }
    return kept
  }

  /// Whether at least 85 % of a path are unknown.
  private func runsThroughHole(_ start: SIMD2<Float>, _ end: SIMD2<Float>) -> Bool {
    let steps = Int(2 * start.distance(to: end)) + 1
    var unknown = 0
    for step in 0...steps {
      let point = start + Float(step) / Float(steps) * (end - start)
      if !field.isKnown(Int(point.x.rounded()), Int(point.y.rounded())) { unknown += 1 }
    }
    return unknown * 100 >= 85 * (steps + 1)
  }

  /// The line from one place to another, both moved by up to a pixel across it to where they agree best.
  private func fitted(from start: SIMD2<Float>, to end: SIMD2<Float>) -> StraightLine? {
    let path = (end - start) / start.distance(to: end)
    let normal = SIMD2(-path.y, path.x)
    var best: StraightLine?
    var bestRatio = LineSearch.leastRatio
    for atStart in -2...2 {
      for atEnd in -2...2 {
        let (from, to) = (start + 0.5 * Float(atStart) * normal, end + 0.5 * Float(atEnd) * normal)
        let direction = (to - from) / from.distance(to: to)
        guard
          let back = LineStrip(
            in: field, from: from, along: -direction, length: LineSearch.length),
          let ahead = LineStrip(in: field, from: to, along: direction, length: LineSearch.length)
        else { continue }
        let before = back.reversed
        let (ratio, shared) = before.likeness(to: ahead)
        if ratio < bestRatio || shared < LineSearch.leastContrast * LineSearch.leastContrast {
          continue
        }
        bestRatio = ratio
        best = StraightLine(
          start: from, end: to, before: before, behind: ahead,
          strength: ratio * shared.squareRoot())
      }
    }
    return best
  }
}
