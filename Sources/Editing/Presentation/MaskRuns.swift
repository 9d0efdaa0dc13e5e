import Photos
import Tensors

/// A mask as the runs of its set pixels: small, and copied freely, where a ``Mask`` is neither.
struct MaskRuns: Equatable, Sendable {
  /// Neighbouring set pixels of one row.
  struct Run: Equatable, Sendable {
    var row: Int
    var columns: Range<Int>
  }

  /// Columns of the mask.
  let width: Int
  /// Rows of the mask.
  let height: Int
  /// From top to bottom, in a row from left to right.
  private(set) var runs: [Run] = []

  /// The runs of a mask's bytes that reach `threshold`.
  ///
  /// - Complexity: One pass over the mask.
  init(_ mask: borrowing Mask, threshold: UInt8 = 128) {
    width = mask.width
    height = mask.height
    let bytes = mask.values.span
    for row in 0..<height {
      let line = row * width
      var column = 0
      while column < width {
        if bytes[line + column] < threshold {
          column += 1
          continue
        }
        let first = column
        while column < width && bytes[line + column] >= threshold { column += 1 }
        runs.append(Run(row: row, columns: first..<column))
      }
    }
  }

  private init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// The number of set pixels.
  var count: Int { runs.reduce(0) { $0 + $1.columns.count } }

  /// The mask at another size: every pixel is that of the source under its middle.
  func scaled(width: Int, height: Int) -> MaskRuns {
    if width == self.width, height == self.height { return self }
    var result = MaskRuns(width: width, height: height)
    var start = 0
    for row in 0..<height {
      let source = (2 * row + 1) * self.height / (2 * height)
      while start < runs.count, runs[start].row < source { start += 1 }
      var index = start
      while index < runs.count, runs[index].row == source {
        let first = Self.firstMiddle(atOrAfter: runs[index].columns.lowerBound, self.width, width)
        let end = Self.firstMiddle(atOrAfter: runs[index].columns.upperBound, self.width, width)
        if first < end { result.runs.append(Run(row: row, columns: first..<end)) }
        index += 1
      }
    }
    return result
  }

  /// The first of `output` columns whose middle is at or after a column of `input` ones.
  private static func firstMiddle(atOrAfter column: Int, _ input: Int, _ output: Int) -> Int {
    // The least x with (2x + 1) · input ≥ 2 · column · output.
    let needed = 2 * column * output - input
    return needed <= 0 ? 0 : min(output, (needed + 2 * input - 1) / (2 * input))
  }

  /// A place for a number: the middle of the widest run in the middle third of the rows.
  var anchor: (x: Int, y: Int)? {
    guard let top = runs.first?.row, let bottom = runs.last?.row else { return nil }
    let third = (bottom - top) / 3
    let middle = runs.filter { $0.row >= top + third && $0.row <= bottom - third }
    // Among the widest, the one nearest to the middle row.
    let widest = (middle.isEmpty ? runs : middle).max {
      let (a, b) = ($0.columns.count, $1.columns.count)
      return a != b ? a < b : abs(2 * $0.row - top - bottom) > abs(2 * $1.row - top - bottom)
    }
    return widest.map { (($0.columns.lowerBound + $0.columns.upperBound - 1) / 2, $0.row) }
  }
}
