import ImageCodecs
import Tensors

/// A small JPEG of a photo for a report: it stays when the photo is long out of memory.
struct ReportPicture: Sendable, Equatable {
  /// The whole file.
  let jpeg: [UInt8]
  /// Columns.
  let width: Int
  /// Rows.
  let height: Int

  /// Makes one of a picture.
  ///
  /// - Parameters:
  ///   - pixels: RGB, upright.
  ///   - longSide: The most pixels of the longer side.
  init(_ pixels: borrowing Tensor<UInt8>, longSide: Int = 400) throws(CodecError) {
    let small = pixels.fitted(longSide: longSide)
    width = small.width
    height = small.height
    jpeg = try encodeNew(pixels: small, format: .jpeg, quality: 80)
  }
}
