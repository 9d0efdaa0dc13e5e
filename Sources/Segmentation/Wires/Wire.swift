public import Photos
import Tensors

/// A wire or cable in a photo.
public struct Wire: Sendable {
  /// Along the wire's middle, in pixels of the stored photo, whole numbers being the pixels' middles.
  public let points: [SIMD2<Float>]
  /// Half of the wire's width, with its soft edge, at each point; in pixels.
  public let radii: [Float]

  /// Sets the wire's pixels to 255.
  ///
  /// - Returns: How many were not set before.
  public func draw(onto mask: inout Mask) -> Int {
    var count = 0
    let (width, height) = (mask.width, mask.height)
    var bytes = mask.values.mutableSpan
    for (point, radius) in zip(points, radii) {
      let (left, right) = (Int((point.x - radius).rounded(.up)), Int(point.x + radius))
      let (top, bottom) = (Int((point.y - radius).rounded(.up)), Int(point.y + radius))
      for y in max(0, top)..<min(height, bottom + 1) {
        for x in max(0, left)..<min(width, right + 1) {
          let d = SIMD2(Float(x), Float(y)) - point
          if (d * d).sum() > radius * radius || bytes[y * width + x] == 255 { continue }
          bytes[y * width + x] = 255
          count += 1
        }
      }
    }
    return count
  }

  /// The box around the wire; it may reach out of the photo.
  public var box: Rectangle {
    var (least, most) = (SIMD2<Float>(repeating: .infinity), SIMD2<Float>(repeating: -.infinity))
    for (point, radius) in zip(points, radii) {
      least = pointwiseMin(least, point - radius)
      most = pointwiseMax(most, point + radius)
    }
    let (x, y) = (Int(least.x.rounded(.up)), Int(least.y.rounded(.up)))
    return Rectangle(x: x, y: y, width: Int(most.x) - x + 1, height: Int(most.y) - y + 1)
  }

  /// How far a pixel of the stored photo is from the wire's edge; negative on the wire.
  public func distance(fromX x: Int, y: Int) -> Float {
    zip(points, radii).reduce(.infinity) { least, part in
      let d = SIMD2(Float(x), Float(y)) - part.0
      return min(least, (d * d).sum().squareRoot() - part.1)
    }
  }
}
