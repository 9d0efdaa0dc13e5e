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
  /// Alpha stays. Samples of 16 bits are the photo's deep ones, as long as these round to its pixels; a
  /// pixel of the transparent colour stays, and a fill of that colour is moved off it by one level.
  func fill(
    _ samples: inout Tensor<UInt8>, from photo: borrowing Photo, where changed: borrowing Mask
  ) {
    switch photo.deepPixels {
    case .some(let deep):
      fill(&samples, photo.pixels.span, deep: deep.span, where: changed.values.span)
    case .none:
      let none: [UInt16] = []
      fill(&samples, photo.pixels.span, deep: none.span, where: changed.values.span)
    }
  }

  private func fill(
    _ samples: inout Tensor<UInt8>, _ rgb: Span<UInt8>, deep: Span<UInt16>, where mask: Span<UInt8>
  ) {
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
      if isKey(old) { continue }
      var fill: Color = [Int(rgb[3 * i]), Int(rgb[3 * i + 1]), Int(rgb[3 * i + 2])]
      if depth == 16 {
        for c in 0..<3 {
          let isExact = !deep.isEmpty && rounded8(deep[3 * i + c]) == rgb[3 * i + c]
          fill[c] = isExact ? Int(deep[3 * i + c]) : fill[c] * 257
        }
      }
      if colors == 1 {
        fill[0] = luminance(fill[0], fill[1], fill[2])
      }
      let new = value(fill)
      for c in 0..<colors {
        if bytes == 2 { native[at + 2 * c] = UInt8(new[c] >> 8) }
        native[at + c * bytes + bytes - 1] = UInt8(new[c] & 255)
      }
    }
  }

  private typealias Color = InlineArray<3, Int>

  /// The samples of a pixel that gets `fill`: of 16 bits where the file has as many, else of 8.
  private func value(_ fill: Color) -> Color {
    let top = 1 << depth - 1
    var new = fill
    if depth < 16 { for c in 0..<colors { new[c] = (fill[c] * top + 127) / 255 } }
    if isKey(new) { new[colors - 1] += new[colors - 1] == top ? -1 : 1 }
    return new
  }

  /// Whether a pixel has the colour that is declared transparent.
  private func isKey(_ color: Color) -> Bool {
    guard let key else { return false }
    return (0..<colors).allSatisfy { color[$0] == key[$0] }
  }
}
