internal import CImageCodecs

/// What is refused before memory is asked for.
enum SizeLimits {
  /// 268 million pixels: above every camera, below what overflows anything here.
  static let pixels = 1 << 28

  /// Refuses pictures that are absurd, or that this machine cannot hold.
  ///
  /// - Parameter bytesPerPixel: What decoding and writing take at their peak.
  static func check(width: Int, height: Int, bytesPerPixel: Int) throws(CodecError) {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    if overflow || count > pixels {
      throw .tooLarge(width: width, height: height, reason: "the limit is 268 million")
    }
    let memory = efi_physical_memory()
    if memory > 0, UInt64(count * bytesPerPixel) > memory / 4 * 3 {
      throw .tooLarge(
        width: width, height: height, reason: "they need more memory than this machine has")
    }
  }
}
