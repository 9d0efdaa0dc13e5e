import Tensors

/// Follows thin lines through a field of ridges.
struct WireTracer: ~Copyable {
  /// A line that was followed.
  struct Trace {
    /// Along the line's middle, about a pixel apart.
    var points: [SIMD2<Float>]
    /// Where the line was seen; elsewhere it was led on over a gap.
    var isSeen: [Bool]
    /// Whether it is darker than what is beside it.
    var isDark: Bool
    /// Whether it meets a wire: where lines cross at small angles, a trace may change from one to the other, and
    /// leave short pieces.
    var meetsWire = false
  }

  let field: RidgeField
  /// Where traces went, and which way: one more than the angle of the last one in degrees, 0 to 179; 0 where
  /// none did.
  private var taken: Tensor<UInt8>
  /// The same of wires alone.
  private var wired: Tensor<UInt8>
  /// The longest gap that a line is led over while it is found, and once it is.
  private let (gap, longGap): (Int, Int)

  init(_ field: consuming RidgeField) {
    taken = Tensor(height: field.height, width: field.width, repeating: 0)
    wired = Tensor(height: field.height, width: field.width, repeating: 0)
    let side = max(field.height, field.width)
    (gap, longGap) = (max(10, side / 150), max(16, side / 20))
    self.field = field
  }

  /// The lines that stand out somewhere, the clearest first, each led on as far as it goes.
  ///
  /// - Parameter isWire: Whether a line is one that is wanted, as far as it was first seen.
  mutating func traces(where isWire: (Trace, borrowing RidgeField) -> Bool) -> [Trace] {
    var found: [Trace] = []
    for seed in seeds() where taken[seed.y, seed.x] == 0 {
      var trace = trace(from: seed)
      if isWire(trace, field) {
        trace = leadOn(trace)
        found.append(trace)
        Self.mark(trace, on: &wired)
      }
      Self.mark(trace, on: &taken)
    }
    return found
  }

  private struct Seed {
    var x: Int
    var y: Int
    var strength: Float
  }

  /// Pixels in the middle of what stands out clearly, the strongest first.
  private func seeds() -> [Seed] {
    var seeds: [Seed] = []
    for y in 2..<max(2, field.height - 2) {
      for x in 2..<max(2, field.width - 2)
      where field.stands(out: 4, atLeast: 1.2, x: x, y: y) {
        let ridge = field.ridge(x: x, y: y)
        if abs(ridge.offset) > 0.7 { continue }
        seeds.append(Seed(x: x, y: y, strength: abs(ridge.strength)))
      }
    }
    return seeds.sorted { ($0.strength, $1.y, $1.x) > ($1.strength, $0.y, $0.x) }
  }

  private func trace(from seed: Seed) -> Trace {
    let ridge = field.ridge(x: seed.x, y: seed.y)
    let tangent = SIMD2(-ridge.normal.y, ridge.normal.x)
    let start = SIMD2(Float(seed.x), Float(seed.y)) + ridge.offset * ridge.normal
    let isDark = ridge.strength > 0
    let ahead = walk(from: start, along: tangent, isDark: isDark, gap: gap)
    let behind = walk(from: start, along: -tangent, isDark: isDark, gap: gap)
    return Trace(
      points: behind.points.reversed() + [start] + ahead.points,
      isSeen: behind.isSeen.reversed() + [true] + ahead.isSeen, isDark: isDark,
      meetsWire: ahead.meetsWire || behind.meetsWire)
  }

  /// Goes on from both ends over long gaps, the way the line bends.
  private func leadOn(_ trace: Trace) -> Trace {
    var trace = trace
    for _ in 0..<2 {
      // The other end's turn.
      trace.points.reverse()
      trace.isSeen.reverse()
      while true {
        let count = trace.points.count
        let chord = min(32, (count - 1) / 2)
        if chord < 8 { break }
        let end = trace.points[count - 1]
        let last = (end - trace.points[count - 1 - chord]).normalized
        let before =
          (trace.points[count - 1 - chord] - trace.points[count - 1 - 2 * chord]).normalized
        let more = walk(
          from: end, along: (last + (last - before) / 2).normalized, isDark: trace.isDark,
          gap: longGap)
        if more.isSeen.count(where: { $0 }) < max(16, more.points.count / 2) { break }
        trace.points += more.points
        trace.isSeen += more.isSeen
      }
    }
    return trace
  }

  /// Follows a line from a place on it until it is not seen for longer than a gap.
  private func walk(
    from start: SIMD2<Float>, along first: SIMD2<Float>, isDark: Bool, gap: Int
  ) -> (points: [SIMD2<Float>], isSeen: [Bool], meetsWire: Bool) {
    var (points, isSeen): ([SIMD2<Float>], [Bool]) = ([], [])
    var meetsWire = false
    var (place, direction, missed) = (start, first, 0)
    // A line that runs into itself would be followed for ever.
    while missed <= gap && points.count < 2 * (field.width + field.height) {
      let next = place + direction
      var isSeenHere = true
      if let seen = ridge(near: next, along: direction, isDark: isDark, reach: 1 + missed / 12) {
        // Tangents are noisy: the direction follows them, and the line's middle, slowly.
        direction += 0.12 * (seen.tangent - direction)
        if missed == 0 { direction += 0.1 * (seen.place - next) }
        direction = direction.normalized
        (place, missed) = (seen.place, 0)
      } else {
        // Where another line crosses, nothing can be seen.
        let (x, y) = next.pixel
        let isCrossing = contains(x, y) && taken[y, x] != 0
        (place, missed) = (next, missed + (isCrossing ? 0 : 1))
        isSeenHere = false
      }
      let (x, y) = place.pixel
      if !contains(x, y) { break }
      points.append(place)
      isSeen.append(isSeenHere)
      if wired[y, x] != 0 { meetsWire = true }
      if isSeenHere && Self.goes(taken[y, x], direction) { break }
    }
    while isSeen.last == false {
      isSeen.removeLast()
      points.removeLast()
    }
    return (points, isSeen, meetsWire)
  }

  /// The strongest piece of a line of this direction beside a place, and the point of it that is level with
  /// the place.
  private func ridge(
    near place: SIMD2<Float>, along direction: SIMD2<Float>, isDark: Bool, reach: Int
  ) -> (place: SIMD2<Float>, tangent: SIMD2<Float>)? {
    let across = SIMD2(-direction.y, direction.x)
    var best: (place: SIMD2<Float>, tangent: SIMD2<Float>)?
    var most: Float = 0
    for step in -reach...reach {
      let (x, y) = (place + Float(step) * across).pixel
      if !contains(x, y) { continue }
      // What belongs to a line that crosses would lead astray.
      if taken[y, x] != 0 && !Self.goes(taken[y, x], direction) { continue }
      if !field.stands(out: 2, atLeast: 0.6, x: x, y: y) { continue }
      let ridge = field.ridge(x: x, y: y)
      let strength = isDark ? ridge.strength : -ridge.strength
      if strength <= most || abs(ridge.offset) > 1 { continue }
      var tangent = SIMD2(-ridge.normal.y, ridge.normal.x)
      if (tangent * direction).sum() < 0 { tangent = -tangent }
      if (tangent * direction).sum() < Self.leastCosine { continue }
      let middle = SIMD2(Float(x), Float(y)) + ridge.offset * ridge.normal
      let aside = ((middle - place) * across).sum()
      if abs(aside) > Float(reach) + 0.2 { continue }
      (best, most) = ((place + aside * across, tangent), strength)
    }
    return best
  }

  /// Of the angle between a line's direction and that of its next piece.
  private static let leastCosine: Float = 0.9

  /// Whether a pixel is far enough from the border.
  private func contains(_ x: Int, _ y: Int) -> Bool {
    x >= 2 && y >= 2 && x < field.width - 2 && y < field.height - 2
  }

  private static func mark(_ trace: Trace, on map: inout Tensor<UInt8>) {
    let points = trace.points
    for i in points.indices where trace.isSeen[i] {
      let along = points[min(i + 4, points.count - 1)] - points[max(i - 4, 0)]
      let mark = UInt8(degrees(along) + 1)
      let (x, y) = points[i].pixel
      for ny in max(0, y - 1)...min(map.height - 1, y + 1) {
        for nx in max(0, x - 1)...min(map.width - 1, x + 1) { map[ny, nx] = mark }
      }
    }
  }

  /// Whether a mark is that of a trace which went this way: lines that cross do not end each other.
  private static func goes(_ mark: UInt8, _ direction: SIMD2<Float>) -> Bool {
    if mark == 0 { return false }
    let turn = abs(Int(mark) - 1 - degrees(direction))
    return min(turn, 180 - turn) <= leastCrossing
  }

  /// Lines that cross at fewer degrees are one.
  private static let leastCrossing = 4

  /// The angle of a direction without a sense, 0 to 179.
  private static func degrees(_ direction: SIMD2<Float>) -> Int {
    var (x, y) = (direction.x, direction.y)
    if y < 0 || (y == 0 && x < 0) { (x, y) = (-x, -y) }
    // The same on every machine: the diamond angle is within four degrees of the true one.
    let sum = abs(x) + y
    if sum == 0 { return 0 }
    return min(179, Int((x >= 0 ? y / sum : 2 - y / sum) * 90))
  }
}

extension SIMD2<Float> {
  /// The same direction with length 1; a vector of no length stays.
  var normalized: SIMD2<Float> {
    let length = (self * self).sum().squareRoot()
    return length > 0 ? self / length : self
  }

  /// The pixel in which a place lies, whole numbers being the pixels' middles.
  var pixel: (x: Int, y: Int) { (Int(x.rounded()), Int(y.rounded())) }
}
