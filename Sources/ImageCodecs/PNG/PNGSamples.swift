internal import CImageCodecs
internal import Photos
internal import Tensors

/// Writes a fill into a PNG's own samples: grey or RGB, with or without alpha, 1 to 16 bits.
struct PNGSamples {
  /// Bits a sample.
  let depth: Int
  /// Samples a pixel.
  let channels: Int
  /// Samples a pixel that are colour: 1 or 3.
  let colors: Int
  /// The colour that the file declares transparent.
  let key: [Int]?

  init(_ file: PNGFile) {
    depth = Int(file.info.depth)
    channels = file.channels
    colors = channels >= 3 ? 3 : 1
    let bytes = file.transparency
    key =
      bytes.count >= 2 * colors
      ? (0..<colors).map { [depth] in
        (Int(bytes[2 * $0]) << 8 | Int(bytes[2 * $0 + 1])) & (1 << depth - 1)
      }
      : nil
  }

  /// Writes the photo's pixels into the samples where `changed` is not 0.
  ///
  /// Alpha stays. A sample whose rounding to 8 bits is the photo's value stays as it is; so does a pixel
  /// of the transparent colour, and a fill of that colour is moved off it by one level.
  func fill(
    _ samples: inout Tensor<UInt8>, from photo: borrowing Photo, where changed: borrowing Mask
  ) {
    let rgb = photo.pixels.span
    let mask = changed.values.span
    var native = samples.mutableSpan
    let bytes = depth == 16 ? 2 : 1
    let stride = channels * bytes
    for i in 0..<mask.count where mask[i] != 0 {
      let at = i * stride
      var old = Color(repeating: 0)
      for c in 0..<colors {
        old[c] = Int(native[at + c * bytes])
        if bytes == 2 { old[c] = old[c] << 8 | Int(native[at + 2 * c + 1]) }
      }
      var fill: Color = [Int(rgb[3 * i]), Int(rgb[3 * i + 1]), Int(rgb[3 * i + 2])]
      if colors == 1 {
        fill[0] = (19595 * fill[0] + 38470 * fill[1] + 7471 * fill[2] + 32768) >> 16
      }
      let new = value(fill, over: old)
      for c in 0..<colors {
        if bytes == 2 { native[at + 2 * c] = UInt8(new[c] >> 8) }
        native[at + c * bytes + bytes - 1] = UInt8(new[c] & 255)
      }
    }
  }

  private typealias Color = InlineArray<3, Int>

  /// The samples of a pixel that had `old` and gets the 8-bit `fill`.
  private func value(_ fill: Color, over old: Color) -> Color {
    let top = 1 << depth - 1
    if isKey(old) { return old }
    if depth == 16 {
      var isSame = true
      for c in 0..<colors { isSame = isSame && (old[c] * 255 + 32895) >> 16 == fill[c] }
      if isSame { return old }
    }
    var new = fill
    for c in 0..<colors { new[c] = depth == 16 ? fill[c] * 257 : (fill[c] * top + 127) / 255 }
    if isKey(new) { new[colors - 1] += new[colors - 1] == top ? -1 : 1 }
    return new
  }

  /// Whether a pixel has the colour that is declared transparent.
  private func isKey(_ color: Color) -> Bool {
    guard let key else { return false }
    return (0..<colors).allSatisfy { color[$0] == key[$0] }
  }
}
