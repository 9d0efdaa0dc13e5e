public import Tensors

/// A decoded photo in its stored orientation.
public struct Photo: ~Copyable, Sendable {
  /// RGB samples, height × width × 3, 0 to 255, in the photo's own colour space.
  public var pixels: Tensor<UInt8>
  /// The samples in 16 bits, 0 to 65535, where the file holds as many; `pixels` are these, rounded.
  public var deepPixels: Tensor<UInt16>?
  /// How the stored picture must be turned to stand upright.
  public var orientation: Orientation
  /// From the photo's colour space to sRGB and back; nil where it is sRGB, or as good as that.
  public var color: ColorTransform?

  /// Makes a photo from RGB samples.
  ///
  /// - Precondition: `pixels` has three channels, and `deepPixels`, if any, the same size.
  public init(
    pixels: consuming Tensor<UInt8>, deepPixels: consuming Tensor<UInt16>? = nil,
    orientation: Orientation = .up, color: ColorTransform? = nil
  ) {
    precondition(pixels.channels == 3, "a photo has three channels")
    self.pixels = pixels
    self.deepPixels = deepPixels
    self.orientation = orientation
    self.color = color
  }

  /// A photo of the same samples.
  public func copy() -> Photo {
    var deep: Tensor<UInt16>?
    switch deepPixels {
    case .none: break
    case .some(let samples): deep = samples.copy()
    }
    return Photo(
      pixels: pixels.copy(), deepPixels: deep, orientation: orientation, color: color)
  }

  /// Stored columns.
  public var width: Int { pixels.width }
  /// Stored rows.
  public var height: Int { pixels.height }
}

/// A 16-bit sample in 8 bits, rounded to the nearest.
@inlinable
public func rounded8(_ sample: UInt16) -> UInt8 { UInt8((Int(sample) * 255 + 32895) >> 16) }
