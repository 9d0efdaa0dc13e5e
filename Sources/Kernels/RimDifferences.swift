import Tensors

/// How what a hole's sources say differs from its surroundings, square by square along the hole's edge.
struct RimDifferences {
  /// Pixels of a square's side.
  private let side: Int
  private let rows: Int
  private let columns: Int
  /// Of every square and colour, how many pixels have each of the 256 values.
  private var counts: [Int32]

  /// A square's side is this part of the picture's longer side, and at least `leastSide`.
  private static let part = 10
  private static let leastSide = 8
  /// The least difference from the median, in levels, that makes an outlier: less is seen as light.
  ///
  /// It must be more than `spread` times the median deviation as well.
  private static let least = 24
  private static let spread = 6

  /// Counts the differences.
  ///
  /// - Parameters:
  ///   - differences: Four bytes a pixel, of which the first three are differences plus 128.
  ///   - known: Not 0 where a difference is known.
  init(_ differences: borrowing Tensor<UInt8>, known: borrowing Tensor<UInt8>) {
    side = max(Self.leastSide, max(known.height, known.width) / Self.part)
    rows = (known.height + side - 1) / side
    columns = (known.width + side - 1) / side
    counts = [Int32](repeating: 0, count: rows * columns * 3 * 256)
    let (values, isKnown, width) = (differences.span, known.span, known.width)
    for index in isKnown.indices where isKnown[index] != 0 {
      let square = index / width / side * columns + index % width / side
      for c in 0..<3 { counts[(square * 3 + c) * 256 + Int(values[4 * index + c])] += 1 }
    }
  }

  /// Marks as not known what is unlike the differences around it in one colour or more.
  func dropOutliers(from differences: borrowing Tensor<UInt8>, known: inout Tensor<UInt8>) {
    let (height, width) = (known.height, known.width)
    let values = differences.span
    var isKnown = known.mutableSpan
    for row in 0..<rows {
      for column in 0..<columns {
        if !hasAny(row, column) { continue }
        let usual = (0..<3).map { self.usual(row, column, color: $0) }
        for y in row * side..<min(height, (row + 1) * side) {
          for index in y * width + column * side..<y * width + min(width, (column + 1) * side)
          where isKnown[index] != 0 {
            for c in 0..<3 where !usual[c].contains(Int(values[4 * index + c])) {
              isKnown[index] = 0
            }
          }
        }
      }
    }
  }

  private func hasAny(_ row: Int, _ column: Int) -> Bool {
    let first = (row * columns + column) * 3 * 256
    return counts[first..<first + 256].contains { $0 > 0 }
  }

  /// What is not an outlier in a square, by what it and the eight around it hold.
  private func usual(_ row: Int, _ column: Int, color: Int) -> ClosedRange<Int> {
    var sums = [Int32](repeating: 0, count: 256)
    for y in max(0, row - 1)...min(rows - 1, row + 1) {
      for x in max(0, column - 1)...min(columns - 1, column + 1) {
        let first = ((y * columns + x) * 3 + color) * 256
        for value in 0..<256 { sums[value] += counts[first + value] }
      }
    }
    let median = Self.median(sums)
    var deviations = [Int32](repeating: 0, count: 256)
    for value in 0..<256 { deviations[abs(value - median)] += sums[value] }
    let reach = max(Self.least, Self.spread * Self.median(deviations))
    return median - reach...median + reach
  }

  /// The least value that half of what was counted does not exceed.
  private static func median(_ counts: [Int32]) -> Int {
    let total = counts.reduce(0, +)
    var seen: Int32 = 0
    for (value, count) in counts.enumerated() {
      seen += count
      if 2 * seen >= total { return value }
    }
    return counts.count - 1
  }
}
