internal import CImageCodecs

/// How samples are filtered and packed.
enum PNGCompression {
  /// zlib's level.
  static let level: Int32 = 1

  /// libpng's filter bits: none for indices and packed samples, else the left neighbour's difference.
  static func filters(for info: efi_png_info) -> Int32 {
    info.color_type == 3 || info.depth < 8 ? 0x08 : 0x10
  }
}
