internal import CImageCodecs

/// How samples are filtered and packed.
enum PNGCompression {
  /// zlib's level: 3 for samples, which on photos packs as well as 6 in a third of the time; 6 for
  /// indices and for samples that share bytes, of which there is little.
  static func level(for info: efi_png_info) -> Int32 {
    isPacked(info) ? 6 : 3
  }

  /// libpng's filter bits: none for indices and packed samples, as the standard advises; else whichever
  /// of the left neighbour's difference and Paeth's suits a row, which packs photos and drawings as well
  /// as the choice of all five and takes less time.
  static func filters(for info: efi_png_info) -> Int32 {
    isPacked(info) ? 0x08 : 0x90
  }

  private static func isPacked(_ info: efi_png_info) -> Bool {
    info.color_type == 3 || info.depth < 8
  }
}
