public import Tensors

/// What should go: one byte a pixel, 0 keeps, 255 removes, values between blend at the edge.
public struct Mask: ~Copyable, Sendable {
  /// The bytes, height × width × 1.
  public var values: Tensor<UInt8>

  /// Makes a mask from its bytes.
  ///
  /// - Precondition: `values` has one channel.
  public init(_ values: consuming Tensor<UInt8>) {
    precondition(values.channels == 1, "a mask has one channel")
    self.values = values
  }

  /// Makes a mask that keeps everything.
  public init(width: Int, height: Int) {
    values = Tensor(height: height, width: width, repeating: 0)
  }

  /// Columns.
  public var width: Int { values.width }
  /// Rows.
  public var height: Int { values.height }
}
