public import ImageCodecs
public import Tensors

/// A small JPEG for a page: it stays when the photo is long out of memory.
public struct Thumbnail: Sendable, Equatable {
  /// The whole file.
  public let jpeg: [UInt8]
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int

  /// Makes one of a picture.
  ///
  /// - Parameters:
  ///   - pixels: RGB, upright.
  ///   - longSide: The most pixels of the longer side.
  public init(_ pixels: borrowing Tensor<UInt8>, longSide: Int = 400) throws(CodecError) {
    let small = pixels.fitted(longSide: longSide)
    width = small.width
    height = small.height
    jpeg = try encodeNew(pixels: small, format: .jpeg, quality: 80)
  }
}
