public import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// From a photo's own RGB or grey to sRGB, and back: a tone curve for each channel and a matrix.
///
/// This is what ICC calls a three-component matrix-based profile (ISO 15076-1, 8.3.3). The networks
/// are shown sRGB, which they were trained on; the photo's own samples are never converted.
public struct ColorTransform: Sendable, Equatable {
  /// Linear light of each channel's 256 values, 0 to 1, rising.
  private let curves: [[Float]]
  /// Rows of the matrix from the photo's linear light to sRGB's, and of its inverse.
  private let matrix: [Float]
  private let inverse: [Float]

  /// Makes a transform.
  ///
  /// - Parameters:
  ///   - curves: For each of the three channels, the linear light (0 to 1) of its 256 values.
  ///   - matrix: Three rows of three: from linear light in the photo's space to linear sRGB.
  /// - Returns: nil where a curve falls or has another length, or the matrix has no inverse.
  public init?(curves: [[Float]], matrix: [Float]) {
    guard curves.count == 3, matrix.count == 9, matrix.allSatisfy(\.isFinite),
      curves.allSatisfy({ curve in
        curve.count == 256 && curve.allSatisfy(\.isFinite)
          && zip(curve, curve.dropFirst()).allSatisfy(<=) && curve[0] < curve[255]
      }), let inverse = Self.inverse(of: matrix)
    else { return nil }
    self.curves = curves
    self.matrix = matrix
    self.inverse = inverse
  }

  /// Turns a picture's colours into sRGB; what lies outside of sRGB is clipped.
  ///
  /// - Precondition: `pixels` has three channels.
  public func convertToSRGB(_ pixels: inout Tensor<UInt8>) {
    precondition(pixels.channels == 3, "a picture has three channels")
    let (red, green, blue, matrix, encoded) = (
      curves[0], curves[1], curves[2], matrix, Self.encoded
    )
    let steps = Float(encoded.count - 1)
    var bytes = pixels.mutableSpan
    for i in 0..<bytes.count / 3 {
      let r = red[Int(bytes[3 * i])]
      let g = green[Int(bytes[3 * i + 1])]
      let b = blue[Int(bytes[3 * i + 2])]
      for c in 0..<3 {
        let light = matrix[3 * c] * r + matrix[3 * c + 1] * g + matrix[3 * c + 2] * b
        bytes[3 * i + c] = encoded[Int(max(0, min(1, light)) * steps + 0.5)]
      }
    }
  }

  /// Turns a picture's sRGB into the photo's colours.
  ///
  /// - Precondition: `pixels` has three channels.
  public func convertFromSRGB(_ pixels: inout Tensor<UInt8>) {
    precondition(pixels.channels == 3, "a picture has three channels")
    var bytes = pixels.mutableSpan
    for i in 0..<bytes.count / 3 {
      let r = Self.linear[Int(bytes[3 * i])]
      let g = Self.linear[Int(bytes[3 * i + 1])]
      let b = Self.linear[Int(bytes[3 * i + 2])]
      for c in 0..<3 {
        let light = inverse[3 * c] * r + inverse[3 * c + 1] * g + inverse[3 * c + 2] * b
        bytes[3 * i + c] = Self.nearest(light, in: curves[c])
      }
    }
  }

  /// By how much the transform moves a colour at the most, of 9 × 9 × 9 evenly spread ones.
  ///
  /// - Returns: 0 to 255, the largest difference of a channel.
  public var largestChange: Int {
    var pixels = Tensor<UInt8>(uninitializedHeight: 81, width: 9, channels: 3)
    func level(_ step: Int) -> UInt8 { UInt8((step * 255 + 4) / 8) }
    for y in 0..<81 {
      for x in 0..<9 {
        (pixels[y, x, 0], pixels[y, x, 1], pixels[y, x, 2]) = (level(y / 9), level(y % 9), level(x))
      }
    }
    var converted = pixels.copy()
    convertToSRGB(&converted)
    let (before, after) = (pixels.span, converted.span)
    return (0..<before.count).reduce(0) { max($0, abs(Int(before[$1]) - Int(after[$1]))) }
  }

  // MARK: - sRGB (IEC 61966-2-1)

  /// The linear light of sRGB's 256 values.
  private static let linear: [Float] = (0..<256).map { value in
    let v = Double(value) / 255
    return Float(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4))
  }

  /// The sRGB value of linear light in even steps.
  ///
  /// Where sRGB is steepest, in the dark, one of its values still takes two and a half steps.
  private static let encoded: [UInt8] = (0..<8192).map { nearest(Float($0) / 8191, in: linear) }

  /// The value whose light is nearest.
  private static func nearest(_ light: Float, in curve: [Float]) -> UInt8 {
    var (low, high) = (0, 255)
    while low < high {
      let middle = (low + high) / 2
      if curve[middle] < light { low = middle + 1 } else { high = middle }
    }
    if low > 0, light - curve[low - 1] < curve[low] - light { low -= 1 }
    return UInt8(low)
  }

  private static func inverse(of m: [Float]) -> [Float]? {
    func minor(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> Float { m[a] * m[d] - m[b] * m[c] }
    let cofactors = [
      minor(4, 5, 7, 8), minor(2, 1, 8, 7), minor(1, 2, 4, 5),
      minor(5, 3, 8, 6), minor(0, 2, 6, 8), minor(2, 0, 5, 3),
      minor(3, 4, 6, 7), minor(1, 0, 7, 6), minor(0, 1, 3, 4),
    ]
    let determinant = m[0] * cofactors[0] + m[1] * cofactors[3] + m[2] * cofactors[6]
    return abs(determinant) < 1e-6 ? nil : cofactors.map { $0 / determinant }
  }
}
