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
  /// How strong each pixel is, in sixteenths of a level, 255 and more as 255.
  private let strengths: Tensor<UInt8>
  /// The mean of that around each pixel: what a line must rise above.
  private let clutter: Tensor<UInt8>
  /// The derivatives xx, xy, yy, x and y, in sixty-fourths of a level, one picture below the other.
  private let derivatives: Tensor<Int16>

  /// How far around a pixel its clutter is measured.
  private static let reach = 20

  /// - Parameter picture: Height × width × 3.
  init(_ picture: borrowing Tensor<UInt8>, threads: Int) {
    let (height, width) = (picture.height, picture.width)
    let count = height * width
    var brightness = Tensor<UInt8>(uninitializedHeight: height, width: width)
    var strengths = Tensor<UInt8>(uninitializedHeight: height, width: width)
    var derivatives = Tensor<Int16>(uninitializedHeight: 5 * height, width: width)
    nonisolated(unsafe) let colors = unsafe picture.pointer
    nonisolated(unsafe) let levels = unsafe brightness.mutablePointer
    nonisolated(unsafe) let strong = unsafe strengths.mutablePointer
    nonisolated(unsafe) let planes = unsafe derivatives.mutablePointer
    inRows(height, threads: threads) { rows in
      for i in rows.lowerBound * width..<rows.upperBound * width {
        let sides = unsafe Int(colors[3 * i]) + Int(colors[3 * i + 2])
        unsafe levels[i] = UInt8((sides + 2 * Int(colors[3 * i + 1]) + 2) / 4)
      }
    }
    inRows(height, threads: threads) { rows in
      var band = RidgeBand(width: width)
      for y in rows.lowerBound - RidgeBand.radius..<rows.lowerBound + RidgeBand.radius {
        unsafe band.add(row: levels + max(0, min(height - 1, y)) * width)
      }
      for y in rows {
        unsafe band.add(row: levels + min(height - 1, y + RidgeBand.radius) * width)
        let at = y * width
        unsafe band.write(to: planes + at, plane: count, strengths: strong + at)
      }
    }
    clutter = boxBlurred(strengths, radius: Self.reach, threads: threads)
    self.height = height
    self.width = width
    self.brightness = brightness
    self.strengths = strengths
    self.derivatives = derivatives
  }

  /// The pixel as part of a line.
  func ridge(x: Int, y: Int) -> Ridge {
    let (at, plane) = (y * width + x, height * width)
    let all = derivatives.span
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
    let strength = Int(strengths.span[at])
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

/// The last seven rows of a picture, smoothed along themselves and derived: what a row of derivatives needs.
private struct RidgeBand {
  /// Rows to each side of the one that is derived.
  static let radius = 3
  private static let taps = 2 * radius + 1

  private let width: Int
  /// Rows added so far.
  private var count = 0
  /// A ring of rows, each as it is smoothed, derived once, and derived twice.
  private var ring: [Float]

  init(width: Int) {
    self.width = width
    ring = [Float](repeating: 0, count: Self.taps * 3 * width)
  }

  /// Takes one more row.
  mutating func add(row: UnsafePointer<UInt8>) {
    let r = Self.radius
    var padded = [Float](repeating: 0, count: width + 2 * r)
    for x in padded.indices { padded[x] = unsafe Float(row[max(0, min(width - 1, x - r))]) }
    let first = count % Self.taps * 3 * width
    unsafe padded.withUnsafeBufferPointer { padded in
      unsafe ring.withUnsafeMutableBufferPointer { ring in
        for x in 0..<width {
          var (smooth, slope, bend) = (Float(0), Float(0), Float(0))
          for k in 0..<Self.taps {
            let value = unsafe padded[x + k]
            smooth += Self.smooth(k) * value
            slope += Self.slope(k) * value
            bend += Self.bend(k) * value
          }
          unsafe ring[first + x] = smooth
          unsafe ring[first + width + x] = slope
          unsafe ring[first + 2 * width + x] = bend
        }
      }
    }
    count += 1
  }

  /// Writes the derivatives of the row in the middle.
  ///
  /// - Parameters:
  ///   - row: Where the row's xx begins; xy, yy, x and y lie `plane` numbers apart.
  ///   - strengths: Where its strengths begin.
  func write(
    to row: UnsafeMutablePointer<Int16>, plane: Int, strengths: UnsafeMutablePointer<UInt8>
  ) {
    unsafe ring.withUnsafeBufferPointer { ring in
      for x in 0..<width {
        var (xx, xy, yy, dx, dy) = (Float(0), Float(0), Float(0), Float(0), Float(0))
        for k in 0..<Self.taps {
          let at = (count + k) % Self.taps * 3 * width + x
          let (smooth, slope) = unsafe (ring[at], ring[at + width])
          xx += unsafe Self.smooth(k) * ring[at + 2 * width]
          xy += Self.slope(k) * slope
          yy += Self.bend(k) * smooth
          dx += Self.smooth(k) * slope
          dy += Self.slope(k) * smooth
        }
        unsafe row[x] = Int16(xx * 64)
        unsafe row[x + plane] = Int16(xy * 64)
        unsafe row[x + 2 * plane] = Int16(yy * 64)
        unsafe row[x + 3 * plane] = Int16(dx * 64)
        unsafe row[x + 4 * plane] = Int16(dy * 64)
        let strength = abs(largerEigenvalue(xx: xx, xy: xy, yy: yy))
        unsafe strengths[x] = UInt8(min(255, strength * 16))
      }
    }
  }

  /// A Gaussian of one pixel at whole pixels.
  @inline(__always)
  private static func smooth(_ k: Int) -> Float {
    switch abs(k - radius) {
    case 0: 0.399_050
    case 1: 0.242_036
    case 2: 0.054_006
    default: 0.004_433
    }
  }

  /// Its first derivative: of x it makes 1.
  @inline(__always)
  private static func slope(_ k: Int) -> Float { 1.004_1 * Float(k - radius) * smooth(k) }

  /// Its second derivative, shifted and scaled so that of 1 it makes 0, and of x² it makes 2.
  @inline(__always)
  private static func bend(_ k: Int) -> Float {
    let x = Float(k - radius)
    return ((x * x - 1) * smooth(k) + 0.000_584) * 1.025_2
  }
}
