internal import CImageCodecs

/// How samples are filtered and packed.
enum PNGCompression {
  /// Every filter, the best of which libpng guesses for each row.
  private static let anyFilter: Int32 = 0xF8
  /// No filter: for indices, packed samples and flat drawings, as the standard advises.
  private static let noFilter: Int32 = 0x08

  /// For new pictures, and the first try at all others.
  ///
  /// On photos, runs alone pack within a few per cent of zlib's level 6, at a fifth of its time.
  static func quick(for info: efi_png_info) -> efi_png_effort {
    isPacked(info)
      ? efi_png_effort(filters: noFilter, level: 6, runs_only: false, filtered: false)
      : efi_png_effort(filters: anyFilter, level: 1, runs_only: true, filtered: false)
  }

  /// What else to try for a file that was packed better, the fastest first.
  ///
  /// The two last take one to three seconds a megapixel: only small pictures get them.
  static func thorough(for info: efi_png_info, sampleBytes: Int) -> [efi_png_effort] {
    var efforts = [
      efi_png_effort(filters: anyFilter, level: 6, runs_only: false, filtered: true),
      efi_png_effort(filters: noFilter, level: 9, runs_only: false, filtered: false),
    ]
    if !isPacked(info) {
      efforts.insert(
        efi_png_effort(filters: noFilter, level: 6, runs_only: false, filtered: false), at: 0)
    }
    if sampleBytes <= 3 << 20 {
      efforts.append(
        efi_png_effort(filters: anyFilter, level: 8, runs_only: false, filtered: true))
      efforts.append(
        efi_png_effort(filters: anyFilter, level: 9, runs_only: false, filtered: true))
    }
    return efforts
  }

  /// Whether a result's data is so much larger than the source's that more effort is made: 1.8 %.
  static func isLarge(_ count: Int, beside source: Int) -> Bool {
    count * 1000 > source * 1018
  }

  private static func isPacked(_ info: efi_png_info) -> Bool {
    info.color_type == 3 || info.depth < 8
  }
}
