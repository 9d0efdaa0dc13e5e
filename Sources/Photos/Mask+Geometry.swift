import Tensors

extension Mask {
  /// A connected part of a mask: its box and the number of its pixels.
  public struct Component: Equatable, Sendable {
    /// The smallest box around the part.
    public var box: Rectangle
    /// Pixels of the part.
    public var area: Int

    /// Makes a part from its box and the number of its pixels.
    public init(box: Rectangle, area: Int) {
      self.box = box
      self.area = area
    }
  }

  /// The number of pixels that are not kept.
  public var count: Int {
    var count = 0
    forEachRun { _, columns in count += columns.count }
    return count
  }

  /// The smallest box around every pixel that is not kept; `nil` for a mask that keeps everything.
  public var boundingBox: Rectangle? { boundingBox(within: nil) }

  /// The smallest box around every pixel that is not kept in an area of the mask; `nil` where all are.
  ///
  /// - Parameter area: Lies in the mask; all of it when `nil`.
  public func boundingBox(within area: Rectangle?) -> Rectangle? {
    var box: Rectangle?
    forEachRun(within: area) { row, columns in
      let run = Rectangle(x: columns.lowerBound, y: row, width: columns.count, height: 1)
      box = box?.union(run) ?? run
    }
    return box
  }

  /// The parts of the mask that do not touch each other, not even at a corner; from top to bottom.
  ///
  /// - Complexity: One pass over the mask, and memory for its runs of set pixels only.
  public var components: [Component] {
    struct Run {
      var columns: Range<Int>
      var parent: Int
    }
    var runs: [Run] = []
    var parts: [Int: Component] = [:]
    var boxes: [Component] = []
    func root(_ index: Int) -> Int {
      var index = index
      while runs[index].parent != index {
        runs[index].parent = runs[runs[index].parent].parent
        index = runs[index].parent
      }
      return index
    }
    var current = -1
    var above = 0..<0
    var start = 0
    forEachRun { row, columns in
      if row != current {
        above = row == current + 1 ? start..<runs.count : runs.count..<runs.count
        start = runs.count
        current = row
      }
      let index = runs.count
      runs.append(Run(columns: columns, parent: index))
      boxes.append(
        Component(
          box: Rectangle(x: columns.lowerBound, y: row, width: columns.count, height: 1),
          area: columns.count))
      // Runs of the row above that end left of this one cannot touch the later ones either.
      while let first = above.first, runs[first].columns.upperBound < columns.lowerBound {
        above.removeFirst()
      }
      for other in above {
        if runs[other].columns.lowerBound > columns.upperBound { break }
        let (a, b) = (root(other), root(index))
        runs[max(a, b)].parent = min(a, b)
      }
    }
    for index in runs.indices {
      let top = root(index)
      if let part = parts[top] {
        parts[top] = Component(
          box: part.box.union(boxes[index].box), area: part.area + boxes[index].area)
      } else {
        parts[top] = boxes[index]
      }
    }
    return parts.keys.sorted().compactMap { parts[$0] }
  }

  /// Sets pixels to 0 that another mask covers by half or more.
  ///
  /// - Precondition: Both are of one size.
  public mutating func subtract(_ other: borrowing Mask) {
    combine(with: other) { own, others in others >= 128 ? 0 : own }
  }

  /// Removes what either mask removes.
  ///
  /// - Precondition: Both are of one size.
  public mutating func formUnion(_ other: borrowing Mask) {
    combine(with: other) { own, others in max(own, others) }
  }

  /// Changes the pixels at which another mask is not 0, by both masks' values.
  @inline(__always)
  private mutating func combine(
    with other: borrowing Mask, _ change: (_ own: UInt8, _ others: UInt8) -> UInt8
  ) {
    precondition(width == other.width && height == other.height, "masks of one size are combined")
    let from = other.values.span
    var to = values.mutableSpan
    var index = from.firstSet(in: from.indices)
    while index < from.count {
      let end = from.firstClear(in: index..<from.count)
      while index < end {
        to[index] = change(to[index], from[index])
        index += 1
      }
      index = from.firstSet(in: end..<from.count)
    }
  }

  /// Calls `body` for every run of neighbouring pixels that are not kept, row by row; of those in an area, if
  /// one is given.
  private func forEachRun(
    within area: Rectangle? = nil, _ body: (_ row: Int, _ columns: Range<Int>) -> Void
  ) {
    let bytes = values.span
    let area = area ?? Rectangle(x: 0, y: 0, width: width, height: height)
    for row in area.y..<area.maxY {
      let line = row * width
      let end = line + area.maxX
      var first = bytes.firstSet(in: line + area.x..<end)
      while first < end {
        let last = bytes.firstClear(in: first..<end)
        body(row, first - line..<last - line)
        first = bytes.firstSet(in: last..<end)
      }
    }
  }
}
