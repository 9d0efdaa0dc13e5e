internal import Photos

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Reads colour profiles (ISO 15076-1): RGB by a matrix and tone curves, and grey by a curve.
///
/// Profiles that are tables alone, as printers have them, are not read: their photos stay as they are.
struct ICCProfile {
  private let bytes: [UInt8]

  /// From the profile's colours to sRGB; nil for a profile of another kind, for one that makes no
  /// sense, and for one whose colours are sRGB's to within two levels.
  static func transform(_ bytes: [UInt8]) -> ColorTransform? {
    guard let transform = ICCProfile(bytes: bytes).transform, transform.largestChange > 2 else {
      return nil
    }
    return transform
  }

  private var transform: ColorTransform? {
    guard word(36) == Self.name("acsp"), word(20) == Self.name("XYZ ") else { return nil }
    switch word(16) {
    case Self.name("GRAY"):
      guard let curve = curve("kTRC") else { return nil }
      return ColorTransform(curves: [curve, curve, curve], matrix: [1, 0, 0, 0, 1, 0, 0, 0, 1])
    case Self.name("RGB "):
      guard let red = curve("rTRC"), let green = curve("gTRC"), let blue = curve("bTRC"),
        let r = color("rXYZ"), let g = color("gXYZ"), let b = color("bXYZ")
      else { return nil }
      var matrix: [Float] = []
      for row in Self.sRGBFromXYZ {
        for column in [r, g, b] {
          matrix.append(row[0] * column[0] + row[1] * column[1] + row[2] * column[2])
        }
      }
      return ColorTransform(curves: [red, green, blue], matrix: matrix)
    default: return nil
    }
  }

  /// From the profile connection space, whose white is D50, to linear sRGB (IEC 61966-2-1, adapted by
  /// Bradford's method).
  private static let sRGBFromXYZ: [[Float]] = [
    [3.133_856_1, -1.616_866_7, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454_0],
    [0.071_945_3, -0.228_991_4, 1.405_242_7],
  ]

  /// Where a tag's data lies.
  private func tag(_ name: String) -> Range<Int>? {
    guard let count = word(128), count <= 1_000 else { return nil }
    for i in 0..<count {
      let entry = 132 + 12 * i
      guard word(entry) == Self.name(name) else { continue }
      guard let start = word(entry + 4), let size = word(entry + 8), start <= bytes.count,
        size <= bytes.count - start
      else { return nil }
      return start..<start + size
    }
    return nil
  }

  /// A colour as XYZ.
  private func color(_ name: String) -> [Float]? {
    guard let tag = tag(name), tag.count >= 20, word(tag.lowerBound) == Self.name("XYZ ") else {
      return nil
    }
    return (0..<3).compactMap { fixed(tag.lowerBound + 8 + 4 * $0).map(Float.init) }
  }

  /// A tone curve at 256 even steps.
  private func curve(_ name: String) -> [Float]? {
    guard let tag = tag(name), tag.count >= 12 else { return nil }
    let start = tag.lowerBound
    let values: [Double]?
    switch word(start) {
    case Self.name("curv"): values = sampledCurve(start, limit: tag.upperBound)
    case Self.name("para"): values = parametricCurve(start, limit: tag.upperBound)
    default: values = nil
    }
    return values?.map { Float(max(0, min(1, $0))) }
  }

  /// `curveType`: nothing (the value itself), a single power, or a table.
  private func sampledCurve(_ start: Int, limit: Int) -> [Double]? {
    guard let count = word(start + 8), count <= (limit - start - 12) / 2 else { return nil }
    func entry(_ i: Int) -> Double { Double(half(start + 12 + 2 * i) ?? 0) }
    return (0..<256).map { step in
      let x = Double(step) / 255
      if count == 0 { return x }
      if count == 1 { return pow(x, entry(0) / 256) }
      let place = x * Double(count - 1)
      let low = min(Int(place), count - 2)
      let part = place - Double(low)
      return (entry(low) * (1 - part) + entry(low + 1) * part) / 65535
    }
  }

  /// `parametricCurveType`: a power with a straight part, in five forms.
  private func parametricCurve(_ start: Int, limit: Int) -> [Double]? {
    guard let form = half(start + 8), form <= 4 else { return nil }
    let count = [1, 3, 4, 5, 7][form]
    guard start + 12 + 4 * count <= limit else { return nil }
    let p = (0..<count).compactMap { fixed(start + 12 + 4 * $0) }
    guard p.count == count else { return nil }
    let g = p[0]
    let (a, b) = form >= 1 ? (p[1], p[2]) : (1, 0)
    if form >= 1, a == 0 { return nil }
    return (0..<256).map { step in
      let x = Double(step) / 255
      func power() -> Double { pow(max(0, a * x + b), g) }
      switch form {
      case 0: return power()
      case 1: return x >= -b / a ? power() : 0
      case 2: return x >= -b / a ? power() + p[3] : p[3]
      case 3: return x >= p[4] ? power() : p[3] * x
      default: return x >= p[4] ? power() + p[5] : p[3] * x + p[6]
      }
    }
  }

  // MARK: - Numbers

  private func half(_ at: Int) -> Int? {
    guard at >= 0, at <= bytes.count - 2 else { return nil }
    return Int(bytes[at]) << 8 | Int(bytes[at + 1])
  }

  private func word(_ at: Int) -> Int? {
    guard let high = half(at), let low = half(at + 2) else { return nil }
    return high << 16 | low
  }

  /// A signed number with 16 bits behind the point.
  private func fixed(_ at: Int) -> Double? {
    word(at).map { Double(Int32(truncatingIfNeeded: $0)) / 65536 }
  }

  private static func name(_ text: String) -> Int { text.utf8.reduce(0) { $0 << 8 | Int($1) } }
}
