public import Tensors

/// A decoded photo in its stored orientation.
public struct Photo: ~Copyable, Sendable {
  /// RGB samples, height × width × 3, 0 to 255, in the photo's own colour space.
  public var pixels: Tensor<UInt8>
  /// How the stored picture must be turned to stand upright.
  public var orientation: Orientation

  /// Makes a photo from RGB samples.
  ///
  /// - Precondition: `pixels` has three channels.
  public init(pixels: consuming Tensor<UInt8>, orientation: Orientation = .up) {
    precondition(pixels.channels == 3, "a photo has three channels")
    self.pixels = pixels
    self.orientation = orientation
  }

  /// Stored columns.
  public var width: Int { pixels.width }
  /// Stored rows.
  public var height: Int { pixels.height }
}
