import Photos
import Tensors

/// How much of every cell belongs to one thing, 0 to 1; a half is the edge.
struct SoftCells {
  /// Rows of cells.
  let height: Int
  /// Columns of cells.
  let width: Int
  /// The shares, row after row.
  var values: [Float]
  /// From here on a cell leaves a trace in a mask: `View` draws an edge from 0.4 to 0.6.
  static let leastShown: Float = 0.4
  /// How clear the edge is, 0 to 1; see `setCertainty`.
  private(set) var certainty = 0.0

  /// Nothing.
  init(height: Int, width: Int) {
    self.height = height
    self.width = width
    values = [Float](repeating: 0, count: height * width)
  }

  /// A detected object: its own cells, and how far its edge reaches into the background around them.
  init(_ group: CellGroup, on map: CellMap) {
    self.init(height: map.height, width: map.width)
    for cell in group.cells { values[cell] = 2 }
    for cell in group.cells {
      let (y, x) = (cell / width, cell % width)
      for row in max(0, y - 2)...min(height - 1, y + 2) {
        for column in max(0, x - 2)...min(width - 1, x + 2) {
          let other = row * width + column
          if values[other] == 0 && map.bestClass(other) == 0 {
            values[other] = map.lead(of: group.classIndex, in: other)
          }
        }
      }
    }
    for cell in group.cells { values[cell] = max(map.lead(of: group.classIndex, in: cell), 0.6) }
  }

  /// The smallest box of cells above `threshold`, grown by `margin`; `nil` where there are none.
  func box(above threshold: Float, margin: Int) -> Rectangle? {
    var box: Rectangle?
    for row in 0..<height {
      for column in 0..<width where values[row * width + column] > threshold {
        let cell = Rectangle(x: column, y: row, width: 1, height: 1)
        box = box?.union(cell) ?? cell
      }
    }
    guard let box else { return nil }
    let grown = Rectangle(
      x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin,
      height: box.height + 2 * margin)
    return grown.intersection(Rectangle(x: 0, y: 0, width: width, height: height))
  }

  /// Sets `certainty` to the share of what may be inside, by 0.25, that surely is, by 0.75.
  ///
  /// It is the stability score of Kirillov et al. 2023, "Segment Anything", appendix B.
  ///
  /// - Parameter raw: What the network said, before places were set by hand; where these cells are 0 now,
  ///   it does not count.
  mutating func setCertainty(from raw: [Float]) {
    let sure = values.indices.count { values[$0] > 0 && raw[$0] > 0.75 }
    let possible = values.indices.count { values[$0] > 0 && raw[$0] > 0.25 }
    certainty = Double(sure) / Double(max(1, possible))
  }

  /// Takes out what hangs together with some cells and is not in another answer.
  mutating func trim(to other: SoftCells, around seeds: [Int]) {
    var waiting = seeds
    var seen = Set(seeds)
    while let cell = waiting.popLast() {
      values[cell] = min(values[cell], other.values[cell])
      let (y, x) = (cell / width, cell % width)
      for (row, column) in [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)] {
        if row < 0 || row >= height || column < 0 || column >= width { continue }
        let next = row * width + column
        if values[next] > 0.5 && other.values[next] <= 0.5 && seen.insert(next).inserted {
          waiting.append(next)
        }
      }
    }
  }

  /// Drops every connected part that holds none of `seeds`; without seeds, parts below a tenth of the
  /// largest.
  mutating func keepParts(with seeds: [Int]) {
    let (part, sizes) = parts(above: 0.5)
    let wanted = Set(seeds.map { part[$0] })
    let largest = sizes.max() ?? 0
    for cell in values.indices where part[cell] >= 0 {
      let keep = seeds.isEmpty ? 10 * sizes[part[cell]] >= largest : wanted.contains(part[cell])
      if !keep { values[cell] = 0 }
    }
  }

  /// Drops every connected part but the largest that another answer about the same cells does not share.
  ///
  /// It shares a part of whose cells it has a half or more on average. Where it does not share the largest
  /// either, parts below a tenth of that go. Parts count from `leastShown` on.
  mutating func keepParts(sharedWith other: SoftCells) {
    let (part, sizes) = parts(above: Self.leastShown)
    guard sizes.count > 1, let largest = sizes.indices.max(by: { sizes[$0] < sizes[$1] }) else {
      return
    }
    var shares = [Float](repeating: 0, count: sizes.count)
    for cell in values.indices where part[cell] >= 0 { shares[part[cell]] += other.values[cell] }
    let isShared = sizes.indices.map { 2 * shares[$0] >= Float(sizes[$0]) }
    for cell in values.indices where part[cell] >= 0 {
      let size = sizes[part[cell]]
      let keep = isShared[largest] ? isShared[part[cell]] : 10 * size >= sizes[largest]
      if !keep { values[cell] = 0 }
    }
  }

  /// The connected parts above a threshold: for every cell which one it is in, -1 for none, and their sizes.
  func parts(above threshold: Float) -> (part: [Int], sizes: [Int]) {
    var part = [Int](repeating: -1, count: values.count)
    var sizes: [Int] = []
    for start in values.indices where values[start] > threshold && part[start] < 0 {
      var cells = [start]
      part[start] = sizes.count
      var next = 0
      while next < cells.count {
        let (y, x) = (cells[next] / width, cells[next] % width)
        next += 1
        for row in max(0, y - 1)...min(height - 1, y + 1) {
          for column in max(0, x - 1)...min(width - 1, x + 1) {
            let cell = row * width + column
            if values[cell] > threshold && part[cell] < 0 {
              part[cell] = sizes.count
              cells.append(cell)
            }
          }
        }
      }
      sizes.append(cells.count)
    }
    return (part, sizes)
  }
}

extension SoftCells {
  /// Drops what is outside a box and a margin of a tenth of its size.
  mutating func cut(to box: Rectangle) {
    let margin = 1 + max(box.width, box.height) / 10
    for row in 0..<height {
      for column in 0..<width {
        let inside =
          row >= box.y - margin && row < box.maxY + margin && column >= box.x - margin
          && column < box.maxX + margin
        if !inside { values[row * width + column] = 0 }
      }
    }
  }
}

extension SoftCells {
  /// A part drawn out to another grid along straight lines; beyond the rim it is as at the rim.
  ///
  /// - Parameters:
  ///   - x: The part's left edge in cells.
  ///   - y: Its upper edge.
  ///   - wide: Its width in cells.
  ///   - high: Its height.
  ///   - height: Rows of the other grid.
  ///   - width: Its columns.
  func sampled(
    x: Float, y: Float, wide: Float, high: Float, height: Int, width: Int
  ) -> Tensor<Float> {
    var result = Tensor<Float>(uninitializedHeight: height, width: width)
    var output = result.mutableSpan
    let columns = (0..<width).map { column in
      let place = (Float(column) + 0.5) * wide / Float(width) - 0.5 + x
      let first = Int(place.rounded(.down))
      return (
        low: min(max(first, 0), self.width - 1), high: min(max(first + 1, 0), self.width - 1),
        share: place - Float(first)
      )
    }
    for row in 0..<height {
      let place = (Float(row) + 0.5) * high / Float(height) - 0.5 + y
      let first = Int(place.rounded(.down))
      let above = min(max(first, 0), self.height - 1) * self.width
      let below = min(max(first + 1, 0), self.height - 1) * self.width
      let share = place - Float(first)
      for index in 0..<width {
        let column = columns[index]
        let top =
          values[above + column.low] * (1 - column.share)
          + values[above + column.high] * column.share
        let bottom =
          values[below + column.low] * (1 - column.share)
          + values[below + column.high] * column.share
        output[row * width + index] = top * (1 - share) + bottom * share
      }
    }
    return result
  }
}

extension SoftCells {
  /// Adds what another answer about the same cells says, if both mean one thing: if they share 0.7 of what
  /// either has.
  mutating func join(_ other: SoftCells) {
    var (both, either) = (0, 0)
    for cell in values.indices {
      let (own, its) = (values[cell] > 0.5, other.values[cell] > 0.5)
      both += own && its ? 1 : 0
      either += own || its ? 1 : 0
    }
    if 10 * both > 7 * either { unite(with: other) }
  }

  /// Takes the larger share of both.
  mutating func unite(with other: SoftCells) {
    for cell in values.indices { values[cell] = max(values[cell], other.values[cell]) }
  }

  /// The mean with what other cells say of the same places.
  ///
  /// It is stretched, so that what one of both is sure of, by 0.9, counts as inside: rather a rim too much
  /// than a foot left. The others count alone where these have less than half of them.
  ///
  /// - Parameters:
  ///   - other: The other cells.
  ///   - frame: What part of the photo they show.
  ///   - window: What part these show.
  func averaged(with other: SoftCells, over frame: Rectangle, window: Rectangle) -> SoftCells {
    let across = Float(other.width) / Float(frame.width)
    let down = Float(other.height) / Float(frame.height)
    let sampled = other.sampled(
      x: Float(window.x - frame.x) * across, y: Float(window.y - frame.y) * down,
      wide: Float(window.width) * across, high: Float(window.height) * down,
      height: height, width: width)
    let shares = sampled.span
    let inside = values.indices.filter { shares[$0] > 0.5 }
    let agrees = 2 * inside.count { values[$0] > 0.5 } >= inside.count
    var result = self
    for cell in values.indices {
      result.values[cell] = agrees ? min(1, (values[cell] + shares[cell]) / 1.8) : shares[cell]
    }
    return result
  }
}
