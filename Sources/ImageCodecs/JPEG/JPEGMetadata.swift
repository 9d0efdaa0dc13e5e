internal import Photos

/// A JPEG's APPn and COM segments, as they go into the result.
struct JPEGMetadata {
  /// What each of the file's metadata segments became, by its position in `JPEGFile.segments`.
  var segments: [Int: [UInt8]] = [:]

  /// All of them, in the file's order.
  var all: [UInt8] {
    segments.sorted { $0.key < $1.key }.flatMap(\.value)
  }

  /// Carries the segments over: byte for byte, but for small copies of the old picture.
  init(
    of file: JPEGFile, in bytes: [UInt8], photo: borrowing Photo, options: EncodingOptions,
    notes: inout [String]
  ) throws(CodecError) {
    for (index, segment) in file.segments.enumerated() where segment.isMetadata {
      segments[index] = Array(bytes[segment.range])
    }
  }
}
