import Tensors

/// Finds the pole or post that a place is on: an upright bar of one colour, far longer than wide, that differs
/// from what is on both sides of it.
///
/// What is behind a pole changes along it, darker here and brighter there, so that a line of one sign (as of
/// wires before the sky) would be lost: the bar's own colour is followed instead, which may change slowly.
///
/// - Complexity: O(pixels), some milliseconds for pictures of this size.
struct PoleSearch {
  /// The long side of the picture that the limits are made for, in pixels.
  static let side = 640

  /// How far beside the place the picture is looked at.
  private static let reach = 24
  /// The most that poles lean, in columns a row.
  private static let mostLean: Float = 0.15
  /// How far each side and the middle are averaged, in columns.
  private static let sideColumns = 3
  /// Levels by which a side must differ, and by which the bar may.
  private static let (leastDifference, mostChange): (Float, Float) = (11, 22)
  /// How fast the colour that is followed takes on the bar's.
  private static let adaption: Float = 0.12
  /// Of the widths of poles, in columns.
  private static let widths = 2...16
  /// The least length, in widths and in rows.
  private static let (leastWidths, leastRows) = (10, 24)

  private let height: Int
  private let width: Int
  private let colours: [SIMD3<Float>]
  private let place: (x: Int, y: Int)

  /// - Parameters:
  ///   - picture: Upright, height × width × 3, the long side `side` at the most.
  ///   - x, y: The place, in the picture.
  init(_ picture: borrowing Tensor<UInt8>, x: Int, y: Int) {
    (height, width) = (picture.height, picture.width)
    let bytes = picture.span
    colours = (0..<picture.height * picture.width).map {
      SIMD3(Float(bytes[3 * $0]), Float(bytes[3 * $0 + 1]), Float(bytes[3 * $0 + 2]))
    }
    place = (x, y)
  }

  /// The pole; `nil` where the place is on none.
  func pole() -> Pole? {
    if height < Self.leastRows || width < 8 { return nil }
    var best: Pole?
    for step in -6...6 {
      let lean = Float(step) / 6 * Self.mostLean
      let strip = Strip(self, lean: lean)
      for width in Self.widths {
        for left in (1 - width)...0 {
          guard let pole = pole(in: strip, from: left, width: width, lean: lean) else { continue }
          if pole.score > best?.score ?? 0 { best = pole }
        }
      }
    }
    return best
  }

  /// The bar of a width whose left edge is so many columns from the place.
  private func pole(in strip: Strip, from left: Int, width: Int, lean: Float) -> Pole? {
    // Enough of the rows around the place tell most bars apart.
    let near = max(0, place.y - 4)...min(height - 1, place.y + 4)
    let clear = near.count { strip.row($0, left, width).isClear }
    if 3 * clear < 2 * near.count { return nil }
    let rows = (0..<height).map { strip.row($0, left, width) }
    let middle = max(0, place.y - 2)...min(height - 1, place.y + 2)
    let colour = middle.reduce(SIMD3<Float>()) { $0 + rows[$1].colour } / Float(middle.count)
    var first = end(of: rows, from: colour, by: -1)
    var last = end(of: rows, from: colour, by: 1)
    // Beyond the pole's ends something else may have its colour.
    let span = max(10, 2 * width)
    func isClear(_ part: Range<Int>) -> Bool {
      20 * part.count { rows[$0].isClear } >= 9 * part.count
    }
    while last - first > span && !isClear(first..<first + span) { first += 1 }
    while last - first > span && !isClear(last + 1 - span..<last + 1) { last -= 1 }
    let length = last - first + 1
    if length < max(Self.leastRows, Self.leastWidths * width) { return nil }
    if first > place.y || last < place.y { return nil }
    let seen = rows[first...last].count { $0.isClear }
    if 2 * seen < length { return nil }
    let contrast = rows[first...last].reduce(0) { $0 + min($1.least, 40) } / Float(length)
    return Pole(
      rows: first..<last + 1, left: Float(place.x + left), width: width, lean: lean, row: place.y,
      contrast: contrast, seen: Float(seen) / Float(length))
  }

  /// The last row that belongs to a bar, followed from the place until it is lost for a fifth of its length.
  private func end(of rows: [Row], from colour: SIMD3<Float>, by step: Int) -> Int {
    var (colour, last, missed) = (colour, place.y, 0)
    var y = place.y + step
    while rows.indices.contains(y) {
      let row = rows[y]
      if row.most > Self.leastDifference && (row.colour - colour).largest < Self.mostChange {
        (last, missed) = (y, 0)
        colour += Self.adaption * (row.colour - colour)
      } else {
        missed += 1
        if missed > max(5, abs(last - place.y) / 5) { break }
      }
      y += step
    }
    return last
  }

  /// One row of a bar: its colour, and how much the two sides differ from it, in levels.
  private struct Row {
    var colour: SIMD3<Float>
    var least: Float
    var most: Float

    var isClear: Bool { least > PoleSearch.leastDifference }
  }

  /// The picture's columns around the place, aslant, as running sums along each row.
  private struct Strip {
    private let sums: [SIMD3<Float>]
    private let columns = 2 * PoleSearch.reach + 1

    init(_ search: borrowing PoleSearch, lean: Float) {
      let (height, width) = (search.height, search.width)
      var sums = [SIMD3<Float>](repeating: .zero, count: height * (columns + 1))
      for y in 0..<height {
        let middle = Float(search.place.x) + lean * Float(y - search.place.y)
        var sum = SIMD3<Float>()
        for column in 0..<columns {
          let x = min(max(middle + Float(column - PoleSearch.reach), 0), Float(width - 1))
          let (left, part) = (Int(x), x - Float(Int(x)))
          let right = min(left + 1, width - 1)
          // Three rows' mean: grain is no edge.
          var colour = SIMD3<Float>()
          for row in [max(y - 1, 0), y, min(y + 1, height - 1)] {
            let (a, b) = (search.colours[row * width + left], search.colours[row * width + right])
            colour += a + part * (b - a)
          }
          sum += colour / 3
          sums[y * (columns + 1) + column + 1] = sum
        }
      }
      self.sums = sums
    }

    /// A row of the bar `left..<left + width`, counted from the place.
    func row(_ y: Int, _ left: Int, _ width: Int) -> Row {
      let (from, to) = (PoleSearch.reach + left, PoleSearch.reach + left + width)
      // The columns at its edges are mixed.
      let rim = width >= 5 ? 1 : 0
      let half = (width + 1) / 2
      let sides = PoleSearch.sideColumns
      let a = difference(
        y, of: from + rim..<from + half, from: from - 1 - sides..<from - 1, next: from - 2)
      let b = difference(y, of: to - half..<to - rim, from: to + 1..<to + 1 + sides, next: to + 1)
      return Row(colour: mean(y, from + rim..<to - rim), least: min(a, b), most: max(a, b))
    }

    /// How much a half of the bar differs from what is beside it, and from the column next to it: the bar begins there.
    ///
    /// Each half by itself: the edge between two things is no bar, a shaded pole is one.
    private func difference(
      _ y: Int, of half: Range<Int>, from side: Range<Int>, next: Int
    ) -> Float {
      let colour = mean(y, half)
      return min(
        (colour - mean(y, side)).largest, (colour - mean(y, next..<next + 1)).largest)
    }

    private func mean(_ y: Int, _ columns: Range<Int>) -> SIMD3<Float> {
      let row = y * (self.columns + 1)
      return (sums[row + columns.upperBound] - sums[row + columns.lowerBound])
        / Float(columns.count)
    }
  }
}

/// A pole in a picture.
struct Pole {
  /// Rows of the picture.
  var rows: Range<Int>
  /// The left edge in the row of the place that it was sought from.
  var left: Float
  /// In columns.
  var width: Int
  /// Columns a row that it leans to the right.
  var lean: Float
  /// The row of the place.
  var row: Int
  /// How much the less different side differs, in levels up to 40: the mean over the rows.
  var contrast: Float
  /// The share of the rows in which both sides differ.
  var seen: Float

  /// The left edge in a row.
  func left(at row: Int) -> Float { left + lean * Float(row - self.row) }

  /// Of two bars through one place the one that is longer and stands out more is the pole.
  var score: Float { Float(rows.count) * contrast }

  /// Whether it can hardly be anything else.
  var isClear: Bool {
    rows.count >= 15 * width && contrast >= 25 && seen >= 0.8
      || rows.count >= 25 * width && contrast >= 20 && seen >= 0.6
  }
}
