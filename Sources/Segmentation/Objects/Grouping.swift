import Kernels
import Photos
import Tensors

/// A set of cells that are one object.
struct CellGroup {
  /// The class, as an index into the network's names.
  var classIndex: Int
  /// The cells, in order.
  var cells: [Int]
  /// Mean probability of the class over the cells where it is the likeliest.
  var score: Float

  /// The box around the cells, which lie in rows of `width`.
  func box(width: Int) -> Rectangle {
    let rows = cells.map { $0 / width }
    let columns = cells.map { $0 % width }
    guard let top = rows.min(), let bottom = rows.max(), let left = columns.min(),
      let right = columns.max()
    else { return Rectangle(x: 0, y: 0, width: 0, height: 0) }
    return Rectangle(x: left, y: top, width: right + 1 - left, height: bottom + 1 - top)
  }

  /// The cell of those within a box that is furthest from their rim; `nil` for a few cells, which may be
  /// there by mistake.
  func innermost(of box: Rectangle, height: Int, width: Int) -> Int? {
    let inside = cells.filter { box.contains(x: $0 % width, y: $0 / width) }
    if inside.count < Self.leastNeighbour { return nil }
    // One more cell on each side, so that the map's rim is a rim.
    var beyond = Tensor<UInt8>(height: height + 2, width: width + 2, repeating: 255)
    for cell in inside { beyond[cell / width + 1, cell % width + 1, 0] = 0 }
    let depths = squaredDistances(toSet: beyond, far: max(height, width))
    return inside.max {
      depths[$0 / width + 1, $0 % width + 1, 0] < depths[$1 / width + 1, $1 % width + 1, 0]
    }
  }

  private static let leastNeighbour = 6

  /// Whether half of the object or more lies in marked cells.
  func isMostly(in marked: [Bool]) -> Bool { 2 * cells.count { marked[$0] } >= cells.count }
}

/// Gathers cells into objects.
///
/// Each cell of a class goes to the middle that it points nearest to (Cheng et al. 2020,
/// Panoptic-DeepLab). A middle that few of its own cells point at is taken for an echo and dropped, and
/// what points to no middle joins the object that it touches most.
struct Grouping {
  private let map: CellMap
  private let classes: [Int]
  private let limits: Thresholds

  init(_ map: CellMap, _ limits: Thresholds) {
    self.map = map
    self.limits = limits
    classes = (0..<map.count).map(map.bestClass)
  }

  /// The objects, in no particular order.
  func groups() -> [CellGroup] {
    var middles = peaks()
    var owner = assigned(to: middles)
    let votes = votes()
    let kept = middles.indices.filter { number in
      let cells = owner.count { $0 == number }
      return cells > 0 && Float(votes[middles[number]]) >= limits.leastVotes * Float(cells)
    }
    if !kept.isEmpty && kept.count < middles.count {
      middles = kept.map { middles[$0] }
      owner = assigned(to: middles)
    }
    var cells = [[Int]](repeating: [], count: middles.count)
    for cell in owner.indices where owner[cell] >= 0 { cells[owner[cell]].append(cell) }
    var objects = joined(cells.filter { !$0.isEmpty }).flatMap(split)
    for piece in touching(owner.map { $0 == Self.stray }) { join(piece, to: &objects) }
    return objects.flatMap(apart).filter { $0.cells.count >= limits.smallest }.compactMap {
      name, cells in
      // Pieces of other classes that joined the object say nothing of its name.
      let own = cells.filter { classes[$0] == name }
      if own.isEmpty { return nil }
      let sum = own.reduce(Float(0)) { $0 + map.probabilities($1)[name] }
      return CellGroup(classIndex: name, cells: cells.sorted(), score: sum / Float(own.count))
    }
  }

  private static let background = -2
  private static let stray = -1

  /// The cells around a cell, itself included.
  private func square(_ cell: Int, reach: Int, _ body: (Int) -> Void) {
    let (y, x) = (cell / map.width, cell % map.width)
    for row in max(0, y - reach)...min(map.height - 1, y + reach) {
      for column in max(0, x - reach)...min(map.width - 1, x + reach) {
        body(row * map.width + column)
      }
    }
  }

  private func peaks() -> [Int] {
    (0..<map.count).filter { cell in
      let value = map.centre[cell]
      guard value > limits.leastCentre && classes[cell] != 0 else { return false }
      var highest = true
      square(cell, reach: limits.centreReach) { other in
        let rival = map.centre[other]
        // Of equal neighbours the first is the peak.
        if rival > value || (rival == value && other < cell) { highest = false }
      }
      return highest
    }
  }

  /// For each cell the number of the middle that it points to.
  private func assigned(to middles: [Int]) -> [Int] {
    (0..<map.count).map { cell in
      if classes[cell] == 0 { return Self.background }
      let down = map.targetRow[cell] - Float(cell / map.width)
      let right = map.targetColumn[cell] - Float(cell % map.width)
      let reach =
        limits.toleranceCells + limits.toleranceShare * (down * down + right * right).squareRoot()
      var best = Self.stray
      var nearest = reach * reach
      for (number, middle) in middles.enumerated() {
        let dy = map.targetRow[cell] - Float(middle / map.width)
        let dx = map.targetColumn[cell] - Float(middle % map.width)
        if dy * dy + dx * dx < nearest {
          nearest = dy * dy + dx * dx
          best = number
        }
      }
      return best
    }
  }

  /// For each cell how many cells point at it or near it.
  private func votes() -> [Int] {
    var votes = [Int](repeating: 0, count: map.count)
    for cell in 0..<map.count where classes[cell] != 0 {
      let row = min(max(Int(map.targetRow[cell].rounded()), 0), map.height - 1)
      let column = min(max(Int(map.targetColumn[cell].rounded()), 0), map.width - 1)
      square(row * map.width + column, reach: limits.voteReach) { votes[$0] += 1 }
    }
    return votes
  }

  /// Joins the cells of middles that are echoes of each other within one large object.
  private func joined(_ parts: [[Int]]) -> [[Int]] {
    var parts = parts
    var first = 1
    while first < parts.count {
      let aim = aim(of: parts[first])
      let other = parts[..<first].firstIndex {
        let rival = self.aim(of: $0)
        let reach = limits.nearness * Float(parts[first].count + $0.count).squareRoot()
        let (dy, dx) = (rival.row - aim.row, rival.column - aim.column)
        return rival.name == aim.name && dy * dy + dx * dx < reach * reach
      }
      if let other {
        parts[other] += parts.remove(at: first)
        first = 1
      } else {
        first += 1
      }
    }
    return parts
  }

  /// Where cells point to on average, and the commonest of their classes.
  private func aim(of cells: [Int]) -> (row: Float, column: Float, name: Int?) {
    var counts = [Int](repeating: 0, count: map.classCount)
    var (row, column) = (Float(0), Float(0))
    for cell in cells {
      row += map.targetRow[cell]
      column += map.targetColumn[cell]
      counts[classes[cell]] += 1
    }
    let name = counts.indices.max { counts[$0] < counts[$1] }
    return (row / Float(cells.count), column / Float(cells.count), name)
  }

  /// One middle's cells by class: the commonest takes what has no share of its own.
  private func split(_ cells: [Int]) -> [(name: Int, cells: [Int])] {
    var counts = [Int](repeating: 0, count: map.classCount)
    for cell in cells { counts[classes[cell]] += 1 }
    guard let main = counts.indices.max(by: { counts[$0] < counts[$1] }) else { return [] }
    let strong = counts.indices.filter {
      $0 == main || Float(counts[$0]) > limits.secondShare * Float(cells.count)
    }
    return strong.map { name in
      (
        name,
        cells.filter { classes[$0] == name || (name == main && !strong.contains(classes[$0])) }
      )
    }
  }

  /// An object without the parts that lie apart from its largest one, and those parts.
  private func apart(_ object: (name: Int, cells: [Int])) -> [(name: Int, cells: [Int])] {
    var marked = [Bool](repeating: false, count: map.count)
    for cell in object.cells { marked[cell] = true }
    let parts = touching(marked, alike: false)
    guard parts.count > 1, let largest = parts.max(by: { $0.count < $1.count }) else {
      return [object]
    }
    let rows = largest.map { $0 / map.width }
    let columns = largest.map { $0 % map.width }
    guard let top = rows.min(), let bottom = rows.max(), let left = columns.min(),
      let right = columns.max()
    else { return [object] }
    var whole: [Int] = []
    var others: [(name: Int, cells: [Int])] = []
    for part in parts {
      let near = part.contains {
        let (y, x) = ($0 / map.width, $0 % map.width)
        return max(top - y, y - bottom, left - x, x - right) <= limits.gap
      }
      if near { whole += part } else { others.append((object.name, part)) }
    }
    return [(object.name, whole)] + others
  }

  /// Gives a piece without a middle to the object that it touches most, or makes it one.
  private func join(_ piece: [Int], to objects: inout [(name: Int, cells: [Int])]) {
    var ring = Set<Int>()
    for cell in piece { square(cell, reach: 1) { ring.insert($0) } }
    let touches = objects.map { object -> Int in
      let alike =
        object.name == classes[piece[0]]
        || Float(piece.count) < limits.pieceShare * Float(object.cells.count)
      return alike ? object.cells.count { ring.contains($0) } : 0
    }
    if let most = touches.indices.max(by: { touches[$0] < touches[$1] }), touches[most] > 0 {
      objects[most].cells += piece
    } else {
      objects.append((classes[piece[0]], piece))
    }
  }

  /// Sets of marked cells, of one class where `alike`, that touch each other, corners included.
  private func touching(_ marked: [Bool], alike: Bool = true) -> [[Int]] {
    var open = marked
    var sets: [[Int]] = []
    for start in open.indices where open[start] {
      var cells = [start]
      open[start] = false
      var next = 0
      while next < cells.count {
        square(cells[next], reach: 1) { cell in
          if open[cell] && (!alike || classes[cell] == classes[start]) {
            open[cell] = false
            cells.append(cell)
          }
        }
        next += 1
      }
      sets.append(cells)
    }
    return sets
  }
}
