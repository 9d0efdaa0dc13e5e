import Tensors

/// A line or an edge that a hole interrupts: straight, and alike on both sides.
struct StraightLine {
  /// Where it meets the hole, x and y, in pixels.
  let start: SIMD2<Float>
  /// Where it goes on.
  let end: SIMD2<Float>
  /// What lies beside it before the hole, seen from `start` to `end`.
  let before: LineStrip
  /// What lies beside it behind the hole, seen in the same direction.
  let behind: LineStrip
  /// How much alike both sides are, in levels of contrast.
  let strength: Float

  /// Whether both can be drawn: they neither cross nor begin or end at nearly the same place.
  func isApart(from other: StraightLine) -> Bool {
    for mine in [start, end] {
      for others in [other.start, other.end] {
        if mine.distance(to: others) <= Float(LineStrip.reach) { return false }
      }
    }
    func side(_ line: StraightLine, _ point: SIMD2<Float>) -> Float {
      let (along, to) = (line.end - line.start, point - line.start)
      return along.x * to.y - along.y * to.x
    }
    let crosses =
      side(self, other.start) * side(self, other.end) < 0
      && side(other, start) * side(other, end) < 0
    return !crosses
  }

  /// Draws the line through the hole: its sides pass from those at its start to those at its end.
  ///
  /// - Parameters:
  ///   - picture: RGB; changed within `LineStrip.reach` pixels of the line.
  ///   - known: 0 in the hole.
  func draw(onto picture: inout Tensor<UInt8>, known: borrowing Tensor<UInt8>) {
    let reach = Float(LineStrip.reach)
    let length = start.distance(to: end)
    let along = (end - start) / length
    let normal = SIMD2(-along.y, along.x)
    func range(_ a: Float, _ b: Float, limit: Int) -> Range<Int> {
      let first = max(0, Int(min(a, b) - reach))
      return first..<max(first, min(limit, Int(max(a, b) + reach) + 2))
    }
    let isKnown = known.span
    for y in range(start.y, end.y, limit: picture.height) {
      for x in range(start.x, end.x, limit: picture.width)
      where isKnown[y * picture.width + x] == 0 {
        let from = SIMD2(Float(x), Float(y)) - start
        let (position, offset) = ((from * along).sum(), (from * normal).sum())
        if position < -1 || position > length + 1 || abs(offset) >= reach { continue }
        let place = offset + reach
        let (first, part) = (Int(place), place - Float(Int(place)))
        func color(_ strip: LineStrip) -> SIMD4<Float> {
          let next = strip.colors[min(first + 1, strip.colors.count - 1)]
          return strip.colors[first] + part * (next - strip.colors[first])
        }
        let progress = max(0, min(1, position / length))
        let (old, new) = (color(before), color(behind))
        let drawn = old + progress * (new - old)
        let weight = min(1, (reach - abs(offset)) / 2)
        for c in 0..<3 {
          let value = Float(picture[y, x, c])
          picture[y, x, c] = UInt8(
            max(0, min(255, (value + weight * (drawn[c] - value)).rounded())))
        }
      }
    }
  }
}

extension SIMD2<Float> {
  var length: Float { (self * self).sum().squareRoot() }

  func distance(to other: SIMD2<Float>) -> Float { (other - self).length }
}
