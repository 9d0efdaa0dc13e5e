import Photos

/// The holes of a mask, as boxes: holes that lie close together share one.
///
/// Cells of the mask are joined with their neighbours, and boxes with boxes in whose reach they lie,
/// until nothing joins.
///
/// - Parameter reach: How far around a box of a given size another one counts as close.
func holeGroups(
  _ mask: borrowing Mask, reach: (_ box: Rectangle) -> Int
) -> [Rectangle] {
  guard let bounds = mask.boundingBox else { return [] }
  let cell = max(4, max(bounds.height, bounds.width) / 256)
  let rows = (bounds.height + cell - 1) / cell
  let columns = (bounds.width + cell - 1) / cell
  var boxes: [Rectangle?] = []
  boxes.reserveCapacity(rows * columns)
  for row in 0..<rows {
    for column in 0..<columns {
      let place = Rectangle(
        x: bounds.x + column * cell, y: bounds.y + row * cell, width: cell, height: cell)
      boxes.append(mask.boundingBox(within: place.intersection(bounds)))
    }
  }
  // Connected cells.
  var groups: [Rectangle] = []
  var seen = [Bool](repeating: false, count: boxes.count)
  for first in boxes.indices where !seen[first] {
    guard var box = boxes[first] else { continue }
    seen[first] = true
    var open = [first]
    while let at = open.popLast() {
      let (row, column) = (at / columns, at % columns)
      for y in max(0, row - 1)...min(rows - 1, row + 1) {
        for x in max(0, column - 1)...min(columns - 1, column + 1) {
          let next = y * columns + x
          guard !seen[next], let its = boxes[next] else { continue }
          seen[next] = true
          box = box.union(its)
          open.append(next)
        }
      }
    }
    groups.append(box)
  }
  return joined(groups, reach: reach)
}

/// Joins boxes that lie within each other's reach.
private func joined(
  _ boxes: [Rectangle], reach: (_ box: Rectangle) -> Int
) -> [Rectangle] {
  var boxes = boxes
  var index = 0
  while index < boxes.count {
    let near = boxes[index].grown(by: reach(boxes[index]))
    if let other = boxes.indices.first(where: {
      $0 != index && !near.intersection(boxes[$0]).isEmpty
    }) {
      boxes[index] = boxes[index].union(boxes[other])
      boxes.remove(at: other)
      index = 0
    } else {
      index += 1
    }
  }
  return boxes.sorted { ($0.y, $0.x) < ($1.y, $1.x) }
}
