import Kernels
import Tensors

/// How much every pixel of a picture looks like the middle of a thin line, and which way that line runs.
///
/// The second derivative of the brightness under a Gaussian of one pixel is large across a thin line and
/// small along it (Steger 1998, "An Unbiased Detector of Curvilinear Structures", section 2).
///
/// - Complexity: O(pixels); twelve bytes a pixel are kept.
struct RidgeField: ~Copyable {
  /// A pixel seen as part of a line.
  struct Ridge {
    /// The second derivative across the line, in levels: positive on a dark line, negative on a bright one.
    var strength: Float
    /// Across the line, of length 1.
    var normal: SIMD2<Float>
    /// How far along the normal the line's middle is from the pixel's, in pixels.
    var offset: Float
  }

  /// Rows.
  let height: Int
  /// Columns.
  let width: Int
  /// Height × width, 0 to 255.
  let brightness: Tensor<UInt8>
  private let derivatives: RidgeDerivatives
  /// The mean strength around each pixel, in 16ths of a level: what a line must rise above.
  private let clutter: Tensor<UInt8>

  /// How far around a pixel its clutter is measured.
  private static let reach = 20

  /// - Parameter picture: Height × width × 3.
  init(_ picture: borrowing Tensor<UInt8>, threads: Int) {
    let (height, width) = (picture.height, picture.width)
    var brightness = Tensor<UInt8>(uninitializedHeight: height, width: width)
    nonisolated(unsafe) let colors = unsafe picture.pointer
    nonisolated(unsafe) let levels = unsafe brightness.mutablePointer
    inRows(height, threads: threads) { rows in
      for i in rows.lowerBound * width..<rows.upperBound * width {
        let sides = unsafe Int(colors[3 * i]) + Int(colors[3 * i + 2])
        unsafe levels[i] = UInt8((sides + 2 * Int(colors[3 * i + 1]) + 2) / 4)
      }
    }
    extendLifetime(picture)
    derivatives = RidgeDerivatives(of: brightness, threads: threads)
    clutter = boxBlurred(derivatives.strengths, radius: Self.reach, threads: threads)
    self.height = height
    self.width = width
    self.brightness = brightness
  }

  /// The pixel as part of a line.
  func ridge(x: Int, y: Int) -> Ridge {
    let (at, plane) = (y * width + x, height * width)
    let all = derivatives.values.span
    let (xx, xy, yy) = (
      Float(all[at]) / 64, Float(all[at + plane]) / 64, Float(all[at + 2 * plane]) / 64
    )
    let strength = largerEigenvalue(xx: xx, xy: xy, yy: yy)
    // The eigenvector, from the row of the matrix that says more.
    var normal = SIMD2(strength - yy, xy)
    if abs(strength - xx) > abs(strength - yy) { normal = SIMD2(xy, strength - xx) }
    let length = (normal * normal).sum().squareRoot()
    normal = length > 0 ? normal / length : SIMD2(1, 0)
    let slope =
      Float(all[at + 3 * plane]) / 64 * normal.x + Float(all[at + 4 * plane]) / 64 * normal.y
    let offset = strength == 0 ? 0 : max(-2, min(2, -slope / strength))
    return Ridge(strength: strength, normal: normal, offset: offset)
  }

  /// Whether a pixel is stronger than a number of levels and than so many times the clutter around it.
  func stands(out factor: Int, atLeast levels: Float, x: Int, y: Int) -> Bool {
    let at = y * width + x
    let strength = Int(derivatives.strengths.span[at])
    return strength >= min(255, factor * Int(clutter.span[at]) / 2)
      && Float(strength) >= 16 * levels
  }
}

/// The eigenvalue of a symmetric matrix that is larger in magnitude.
@inline(__always)
private func largerEigenvalue(xx: Float, xy: Float, yy: Float) -> Float {
  let (half, mean) = ((xx - yy) / 2, (xx + yy) / 2)
  let root = (half * half + xy * xy).squareRoot()
  return mean < 0 ? mean - root : mean + root
}
