internal import CImageCodecs
internal import Photos
internal import Tensors

/// A PNG's palette, and how a fill's colours find a place in it.
struct PNGPalette {
  /// RGB triples.
  private(set) var colors: [UInt8]
  /// One alpha for each colour.
  private(set) var alpha: [UInt8]
  /// Whether colours were added, or PLTE held too many.
  private(set) var hasChanged: Bool
  /// The background as RGB, where the file names one.
  let backgroundColor: [UInt8]?
  /// The contents of sBIT.
  let significantBits: [UInt8]?

  /// A colour may be this far off in each channel before one is added or the palette given up.
  static let tolerance = 3

  init(_ file: PNGFile) {
    colors = file.palette
    hasChanged = file.isPaletteCut
    alpha = (0..<colors.count / 3).map {
      [transparency = file.transparency] in $0 < transparency.count ? transparency[$0] : 255
    }
    backgroundColor = file.background.flatMap { [colors] in
      Int($0) * 3 + 3 <= colors.count ? Array(colors[Int($0) * 3..<Int($0) * 3 + 3]) : nil
    }
    significantBits = file.significantBits
  }

  /// Whether no colour is transparent.
  var isOpaque: Bool { alpha.allSatisfy { $0 == 255 } }

  /// The alphas up to the last that is not 255, as tRNS has them.
  var trimmedAlpha: [UInt8] {
    Array(alpha[...(alpha.lastIndex { $0 != 255 } ?? 0)])
  }

  /// Whether every colour is grey: then the fill is made grey too.
  private var isGrey: Bool {
    (0..<colors.count / 3).allSatisfy { index in
      let red = colors[3 * index]
      return red == colors[3 * index + 1] && red == colors[3 * index + 2]
    }
  }

  /// Writes the fill's colours into indices where `changed` is not 0, adding colours while there is room.
  ///
  /// Alpha stays: a fill takes a colour of its pixel's alpha, and a pixel that cannot be seen keeps its
  /// index.
  /// - Returns: Whether the palette could hold the fill; if not, some indices have changed already.
  mutating func fill(
    _ indices: inout Tensor<UInt8>, from photo: borrowing Photo, where changed: borrowing Mask
  ) -> Bool {
    let rgb = photo.pixels.span
    let mask = changed.values.span
    var native = indices.mutableSpan
    let grey = isGrey
    var places: [UInt32: UInt8] = [:]
    for i in 0..<mask.count where mask[i] != 0 {
      let old = Int(native[i])
      let opacity = old < alpha.count ? alpha[old] : 255
      if opacity == 0 { continue }
      var color = (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2])
      if old < alpha.count,
        (colors[3 * old], colors[3 * old + 1], colors[3 * old + 2]) == color
      {
        continue
      }
      if grey {
        let value = UInt8(luminance(Int(color.0), Int(color.1), Int(color.2)))
        color = (value, value, value)
      }
      let name =
        UInt32(color.0) << 24 | UInt32(color.1) << 16 | UInt32(color.2) << 8 | UInt32(opacity)
      if let place = places[name] {
        native[i] = place
        continue
      }
      guard let place = place(for: color, alpha: opacity) else { return false }
      places[name] = place
      native[i] = place
    }
    return true
  }

  /// The index of a colour: one that is there, a new one, or the nearest within the tolerance.
  private mutating func place(for color: (UInt8, UInt8, UInt8), alpha opacity: UInt8) -> UInt8? {
    var best: (distance: Int, index: Int)?
    for index in 0..<alpha.count where alpha[index] == opacity {
      let distance = max(
        abs(Int(colors[3 * index]) - Int(color.0)),
        abs(Int(colors[3 * index + 1]) - Int(color.1)),
        abs(Int(colors[3 * index + 2]) - Int(color.2)))
      if distance < best?.distance ?? 256 { best = (distance, index) }
    }
    if let best, best.distance == 0 { return UInt8(best.index) }
    if alpha.count < 256 {
      colors += [color.0, color.1, color.2]
      alpha.append(opacity)
      hasChanged = true
      return UInt8(alpha.count - 1)
    }
    if let best, best.distance <= Self.tolerance { return UInt8(best.index) }
    return nil
  }

  /// The picture in RGB, with the indices' alpha where the palette has any.
  func expanded(_ indices: borrowing Tensor<UInt8>, with photo: borrowing Photo) -> Tensor<UInt8> {
    if isOpaque { return photo.pixels.copy() }
    var result = Tensor<UInt8>(
      uninitializedHeight: photo.height, width: photo.width, channels: 4)
    let native = indices.span
    let rgb = photo.pixels.span
    var rgba = result.mutableSpan
    for i in 0..<native.count {
      for c in 0..<3 { rgba[4 * i + c] = rgb[3 * i + c] }
      let index = Int(native[i])
      rgba[4 * i + 3] = index < alpha.count ? alpha[index] : 255
    }
    return result
  }
}
