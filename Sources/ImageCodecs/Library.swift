internal import CImageCodecs

/// Calls into the C wall, and turns its codes into errors.
enum Library {
  /// Runs a call that reads; a code other than OK is thrown.
  static func read(
    _ format: ImageFormat, _ call: (UnsafeMutablePointer<efi_failure>) -> efi_code
  ) throws(CodecError) {
    var failure = efi_failure()
    let code = unsafe call(&failure)
    switch code {
    case EFI_OK: return
    case EFI_TRUNCATED: throw .truncated(format)
    case EFI_NO_MEMORY: throw .outOfMemory
    case EFI_UNSUPPORTED: throw .unsupported(format, what: message(failure))
    default: throw .corrupt(format, detail: message(failure))
    }
  }

  /// Runs a call that fills a buffer, and returns what `collect` makes of the bytes.
  static func write<Result>(
    _ format: ImageFormat,
    _ call: (UnsafeMutablePointer<efi_buffer>, UnsafeMutablePointer<efi_failure>) -> efi_code,
    collect: (UnsafeBufferPointer<UInt8>) -> Result
  ) throws(CodecError) -> Result {
    var failure = efi_failure()
    var buffer = unsafe efi_buffer()
    let code = unsafe call(&buffer, &failure)
    defer { unsafe efi_buffer_free(&buffer) }
    switch code {
    case EFI_OK:
      return unsafe collect(UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
    case EFI_NO_MEMORY: throw .outOfMemory
    case EFI_TRUNCATED: throw .truncated(format)
    case EFI_BAD_SCRIPT: throw .unwritableScans(detail: message(failure))
    default: throw .notEncodable(format, detail: message(failure))
    }
  }

  /// The library's words, without the capital and the full stop.
  private static func message(_ failure: efi_failure) -> String {
    var bytes: [UInt8] = []
    var copy = failure
    unsafe withUnsafeBytes(of: &copy.message) { raw in
      bytes = unsafe Array(raw.prefix { $0 != 0 })
    }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let first = text.first else { return "no reason given" }
    // Names stay as they are: only a word that goes on in lower case loses its capital.
    let lowered =
      text.dropFirst().first?.isLowercase == true
      ? first.lowercased() + text.dropFirst() : text
    return lowered.hasSuffix(".") ? String(lowered.dropLast()) : lowered
  }
}
