import Kernels
import Photos
import Tensors

/// Writes a fill of 8 bits into samples of 16.
///
/// Every pixel takes the 16-bit samples of the pixel that it was copied from. What the synthesis has
/// added to these, to close the seam, is smooth, but known in whole levels of 8 bits only; averaging it
/// with neighbours at most one level off gives back the steps between.
///
/// - Parameters:
///   - deep: The photo's 16-bit samples; nil does nothing.
///   - pixels: The photo's 8-bit samples, which follow.
///   - window: The fill.
///   - hole: The mask: its values blend the fill with what was there.
func deepen(
  _ deep: inout Tensor<UInt16>?, _ pixels: inout Tensor<UInt8>, from window: borrowing FilledWindow,
  box: Rectangle, hole: borrowing Tensor<UInt8>
) {
  guard var samples = deep.take() else { return }
  let region = window.region
  let (top, left) = (region.rows.lowerBound, region.columns.lowerBound)
  // The samples at each pixel's origin, and what was added to them, in parts of 8-bit levels.
  var sources = Tensor<UInt16>(height: box.height, width: box.width, channels: 3, repeating: 0)
  var added = Tensor<Int32>(height: box.height, width: box.width, channels: 3, repeating: .min)
  for y in 0..<box.height {
    for x in 0..<box.width where hole[box.y + y, box.x + x] != 0 {
      let (row, column) = (box.y + y - top, box.x + x - left)
      let origin = window.origin(row: row, column: column)
      let isCopied = origin.map { hole[$0.row + top, $0.column + left] == 0 } ?? false
      for c in 0..<3 {
        let value = window.pixels[row, column, c]
        if isCopied, let origin {
          let source = samples[origin.row + top, origin.column + left, c]
          sources[y, x, c] = source
          added[y, x, c] = (Int32(value) - Int32(rounded8(source))) * SixteenBitFill.unit
        } else {
          sources[y, x, c] = UInt16(value) * 257
          added[y, x, c] = 0
        }
      }
    }
  }
  let across = SixteenBitFill.smoothed(added, step: 3, count: box.width, lines: box.height)
  let smooth = SixteenBitFill.smoothed(
    across, step: 3 * box.width, count: box.height, lines: box.width)
  for y in 0..<box.height {
    for x in 0..<box.width {
      let weight = Int(hole[box.y + y, box.x + x])
      if weight == 0 { continue }
      for c in 0..<3 {
        let correction =
          (Int(smooth[y, x, c]) * 257 + Int(SixteenBitFill.unit) / 2) >> SixteenBitFill.unitBits
        let fill = max(0, min(65535, Int(sources[y, x, c]) + correction))
        let old = Int(samples[box.y + y, box.x + x, c])
        let new = UInt16((old * (255 - weight) + fill * weight + 127) / 255)
        samples[box.y + y, box.x + x, c] = new
        pixels[box.y + y, box.x + x, c] = rounded8(new)
      }
    }
  }
  deep = consume samples
}

private enum SixteenBitFill {
  static let unitBits = 12
  /// What one level of 8 bits counts.
  static let unit: Int32 = 1 << unitBits
  private static let reach = 8

  /// The means along lines of values at most one level from the middle one; `Int32.min` is no value.
  ///
  /// - Parameters:
  ///   - step: From one value of a line to the next.
  ///   - count: Values in a line.
  ///   - lines: Lines, each of three channels.
  static func smoothed(
    _ values: borrowing Tensor<Int32>, step: Int, count: Int, lines: Int
  ) -> Tensor<Int32> {
    var result = values.copy()
    let from = values.span
    var to = result.mutableSpan
    // Lines across begin a row apart, lines down a pixel apart.
    let next = step == 3 ? 3 * count : 3
    for line in 0..<lines {
      for c in 0..<3 {
        let first = line * next + c
        for i in 0..<count {
          let middle = from[first + i * step]
          if middle == .min { continue }
          var (sum, number) = (0, 0)
          for j in max(0, i - reach)...min(count - 1, i + reach) {
            let value = from[first + j * step]
            if value == .min || abs(value - middle) > unit { continue }
            sum += Int(value)
            number += 1
          }
          to[first + i * step] = Int32(sum / number)
        }
      }
    }
    return result
  }
}
