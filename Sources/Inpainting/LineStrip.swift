/// What lies beside a straight path: the mean colour at every distance from it, along its length.
struct LineStrip {
  /// Pixels to either side.
  static let reach = 5

  /// Colours from `reach` pixels on one side to as many on the other; the last element is 0.
  var colors: [SIMD4<Float>]
  /// The mean squared difference from `colors` along the path.
  let noise: Float

  /// Reads a strip.
  ///
  /// - Parameters:
  ///   - start: Where the path begins, x and y.
  ///   - direction: Of length 1; offsets count along (-y, x) of it.
  ///   - length: Samples along the path, one a pixel.
  /// - Returns: `nil` where the path leaves the picture or runs for half its length over what is unknown.
  init?(
    in field: borrowing LineField, from start: SIMD2<Float>, along direction: SIMD2<Float>,
    length: Int
  ) {
    let normal = SIMD2(-direction.y, direction.x)
    let side = Float(LineStrip.reach)
    // The corners say whether all of it is inside.
    for t in [0.5, Float(length) - 0.5] {
      for s in [-side, side] where !field.contains(start + t * direction + s * normal) {
        return nil
      }
    }
    colors = []
    colors.reserveCapacity(2 * LineStrip.reach + 1)
    var total: Float = 0
    for s in -LineStrip.reach...LineStrip.reach {
      var (sum, squares) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
      for t in 0..<length {
        let point = start + (Float(t) + 0.5) * direction + Float(s) * normal
        let color = field.color(at: point)
        if color.w <= 0.5 { continue }
        let pure = color / color.w
        sum += pure
        squares += pure * pure
      }
      if sum.w * 2 < Float(length) { return nil }
      let mean = sum / sum.w
      let variance = squares / sum.w - mean * mean
      total += variance.x + variance.y + variance.z
      colors.append(SIMD4(mean.x, mean.y, mean.z, 0))
    }
    noise = max(0, total) / Float(3 * colors.count)
  }

  /// The same strip seen in the other direction.
  var reversed: LineStrip {
    var strip = self
    strip.colors.reverse()
    return strip
  }

  /// What two strips have in common.
  ///
  /// - Returns: `shared`: the covariance of their colours; `ratio`: that over all that sets them apart.
  func likeness(to other: LineStrip) -> (ratio: Float, shared: Float) {
    let (mine, others) = (mean, other.mean)
    var (products, shape, whole) = (SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero)
    for i in colors.indices {
      let (a, b) = (colors[i] - mine, other.colors[i] - others)
      let difference = colors[i] - other.colors[i]
      products += a * b
      shape += (a - b) * (a - b)
      whole += difference * difference
    }
    let count = Float(3 * colors.count)
    let shared = products.sum() / count
    let apart = noise + other.noise + shape.sum() / count + 0.25 * whole.sum() / count
    // Two levels squared: a clean picture's own noise.
    return (shared / (apart + 2), shared)
  }

  /// The variance of the colours across the path.
  var contrast: Float {
    let middle = mean
    var squares = SIMD4<Float>.zero
    for color in colors { squares += (color - middle) * (color - middle) }
    return squares.sum() / Float(3 * colors.count)
  }

  private var mean: SIMD4<Float> {
    var sum = SIMD4<Float>.zero
    for color in colors { sum += color }
    return sum / Float(colors.count)
  }
}
