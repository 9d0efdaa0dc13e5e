import Tensors

/// A picture with a hole, as the search for lines reads it.
struct LineField {
  let height: Int
  let width: Int
  /// Red, green, blue and 1 where a pixel is known; all 0 in the hole.
  private let values: [SIMD4<Float>]

  /// - Parameters:
  ///   - picture: RGB, at least two pixels wide and high.
  ///   - known: 255 outside the hole, 0 inside.
  init(_ picture: borrowing Tensor<UInt8>, known: borrowing Tensor<UInt8>) {
    (height, width) = (known.height, known.width)
    var values = [SIMD4<Float>](repeating: .zero, count: known.count)
    let (bytes, isKnown) = (picture.span, known.span)
    for i in isKnown.indices where isKnown[i] == 255 {
      values[i] = SIMD4(Float(bytes[3 * i]), Float(bytes[3 * i + 1]), Float(bytes[3 * i + 2]), 1)
    }
    self.values = values
  }

  func isKnown(_ x: Int, _ y: Int) -> Bool {
    y >= 0 && y < height && x >= 0 && x < width && values[y * width + x].w > 0
  }

  /// The difference of brightness across a pixel, to the right and downwards; 0 beside unknown ones.
  func gradient(_ x: Int, _ y: Int) -> SIMD2<Float> {
    func change(_ dx: Int, _ dy: Int) -> Float {
      guard isKnown(x - dx, y - dy), isKnown(x + dx, y + dy) else { return 0 }
      let difference = values[(y + dy) * width + x + dx] - values[(y - dy) * width + x - dx]
      return (difference.x + 2 * difference.y + difference.z) / 8
    }
    return isKnown(x, y) ? SIMD2(change(1, 0), change(0, 1)) : .zero
  }

  func contains(_ point: SIMD2<Float>) -> Bool {
    point.x >= 0 && point.y >= 0 && point.x <= Float(width - 1) && point.y <= Float(height - 1)
  }

  /// The colour between four pixels, weighted by how much of it is known.
  ///
  /// - Precondition: The picture contains the point.
  func color(at point: SIMD2<Float>) -> SIMD4<Float> {
    let (x, y) = (min(Int(point.x), width - 2), min(Int(point.y), height - 2))
    let (right, down) = (point.x - Float(x), point.y - Float(y))
    let (first, second) = (y * width + x, (y + 1) * width + x)
    let above = values[first] + right * (values[first + 1] - values[first])
    let below = values[second] + right * (values[second + 1] - values[second])
    return above + down * (below - above)
  }
}
