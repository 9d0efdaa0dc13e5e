internal import CImageCodecs

/// What is refused before memory is asked for.
enum SizeLimits {
  /// 268 million pixels: above every camera, below what overflows anything here.
  static let pixels = 1 << 28

  /// Refuses pictures that are absurd, or that this machine cannot hold.
  ///
  /// Three quarters of its memory may be taken, for what finds and fills needs some, too.
  ///
  /// - Parameters:
  ///   - bytesPerPixel: What the picture takes at the peak of decoding and writing, in all the forms that are
  ///     held at once.
  ///   - fileBytes: The file's size. It is held all the time, and counts twice: its result is about as large.
  ///   - memory: What the machine has, in bytes; 0 where it does not say.
  static func check(
    width: Int, height: Int, bytesPerPixel: Int, fileBytes: Int,
    memory: UInt64 = efi_physical_memory()
  ) throws(CodecError) {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    if overflow || count > pixels {
      throw .tooLarge(width: width, height: height, reason: "the limit is 268 million")
    }
    if memory > 0, UInt64(count * bytesPerPixel + 2 * fileBytes) > memory / 4 * 3 {
      throw .tooLarge(
        width: width, height: height, reason: "they need more memory than this machine has")
    }
  }
}
