import Kernels
import Tensors

/// What a network knows in the middle of a deep hole.
///
/// Its reach is a number of its own pixels: in fewer pixels it sees farther, and less sharply. On
/// validation photos the answer in 256 pixels is the better one up to some 16 pixels from the hole's edge,
/// that in 160 beyond.
enum FarSight {
  /// Pixels from the hole's edge at which the coarser answer begins to count.
  private static let nearest: Int32 = 8
  /// Pixels from the hole's edge at which it stands alone.
  private static let farthest: Int32 = 24

  /// Whether any pixel is so deep in the hole that the coarser answer counts.
  static func isNeeded(_ depths: borrowing Tensor<Int32>) -> Bool {
    let span = depths.span
    for i in span.indices where span[i] > nearest * nearest { return true }
    return false
  }

  /// Blends the coarser answer into the finer one, by the distance from the hole's edge.
  ///
  /// - Parameters:
  ///   - far: RGB, of any size.
  ///   - picture: RGB.
  ///   - depths: Squared distances from what is known, in pixels of `picture`.
  static func blend(
    _ far: borrowing Tensor<UInt8>, into picture: inout Tensor<UInt8>,
    depths: borrowing Tensor<Int32>, threads: Int
  ) {
    let enlarged = resized(
      far, height: picture.height, width: picture.width, filter: .bilinear, threads: threads)
    let (from, depth) = (enlarged.span, depths.span)
    var to = picture.mutableSpan
    for i in depth.indices where depth[i] > nearest * nearest {
      let part = weight(Float(depth[i]).squareRoot())
      for c in 3 * i..<3 * i + 3 {
        let (old, new) = (Float(to[c]), Float(from[c]))
        to[c] = UInt8((old + part * (new - old)).rounded())
      }
    }
  }

  /// From 0 to 1 without a kink.
  private static func weight(_ depth: Float) -> Float {
    let part = max(0, min(1, (depth - Float(nearest)) / Float(farthest - nearest)))
    return part * part * (3 - 2 * part)
  }
}
