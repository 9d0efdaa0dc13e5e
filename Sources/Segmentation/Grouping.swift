/// A set of cells that are one object.
struct CellGroup {
  /// The class, as an index into the network's names.
  var classIndex: Int
  /// The cells, in order.
  var cells: [Int]
  /// Mean probability of the class over the cells.
  var score: Float
}

extension CellMap {
  /// The least value of a centre.
  private static let centreThreshold: Float = 0.2
  /// A centre rules this many cells around it.
  private static let centreReach = 2
  /// Cells that point further than this from every centre are groups of their own.
  private static let farthest: Float = 15
  /// The least number of cells of an object.
  private static let smallest = 6
  /// A second class within one centre's cells is an object of its own from this share on.
  private static let secondShare: Float = 0.25

  /// The objects: each cell of a class goes to the centre that it points nearest to (Cheng et al. 2020,
  /// Panoptic-DeepLab); what points to no centre is grouped by touching.
  func groups() -> [CellGroup] {
    let classes = (0..<count).map(bestClass)
    let centres = centreCells(classes)
    var owners = [[Int]](repeating: [], count: centres.count)
    var stray = [Bool](repeating: false, count: count)
    for cell in 0..<count where classes[cell] != 0 {
      var best = -1
      var nearest = Self.farthest * Self.farthest
      for (number, centre) in centres.enumerated() {
        let dy = targetRow[cell] - Float(centre / width)
        let dx = targetColumn[cell] - Float(centre % width)
        let distance = dy * dy + dx * dx
        if distance < nearest {
          nearest = distance
          best = number
        }
      }
      if best >= 0 { owners[best].append(cell) } else { stray[cell] = true }
    }
    var groups: [CellGroup] = []
    for cells in owners where !cells.isEmpty {
      for (name, part) in split(cells, classes) { append(part, name, to: &groups) }
    }
    for cells in touching(stray, classes) { append(cells, classes[cells[0]], to: &groups) }
    return groups
  }

  private func append(_ cells: [Int], _ name: Int, to groups: inout [CellGroup]) {
    if cells.count < Self.smallest { return }
    let sum = cells.reduce(Float(0)) { $0 + probabilities($1)[name] }
    groups.append(CellGroup(classIndex: name, cells: cells, score: sum / Float(cells.count)))
  }

  private func centreCells(_ classes: [Int]) -> [Int] {
    (0..<count).filter { cell in
      let value = centre[cell]
      guard value > Self.centreThreshold && classes[cell] != 0 else { return false }
      let (y, x) = (cell / width, cell % width)
      for v in max(0, y - Self.centreReach)...min(height - 1, y + Self.centreReach) {
        for u in max(0, x - Self.centreReach)...min(width - 1, x + Self.centreReach) {
          let other = centre[v * width + u]
          // Of equal neighbours the first is the centre.
          if other > value || (other == value && v * width + u < cell) { return false }
        }
      }
      return true
    }
  }

  /// The cells of one centre by class: the commonest takes what has no share of its own.
  private func split(_ cells: [Int], _ classes: [Int]) -> [(Int, [Int])] {
    var counts = [Int](repeating: 0, count: classCount)
    for cell in cells { counts[classes[cell]] += 1 }
    guard let main = counts.indices.max(by: { counts[$0] < counts[$1] }) else { return [] }
    let strong = counts.indices.filter {
      $0 == main || Float(counts[$0]) > Self.secondShare * Float(cells.count)
    }
    return strong.map { name in
      (
        name,
        cells.filter { classes[$0] == name || (name == main && !strong.contains(classes[$0])) }
      )
    }
  }

  /// Sets of cells of one class that touch each other, corners included.
  private func touching(_ marked: [Bool], _ classes: [Int]) -> [[Int]] {
    var open = marked
    var sets: [[Int]] = []
    for start in 0..<count where open[start] {
      var cells = [start]
      open[start] = false
      var next = 0
      while next < cells.count {
        let (y, x) = (cells[next] / width, cells[next] % width)
        next += 1
        for v in max(0, y - 1)...min(height - 1, y + 1) {
          for u in max(0, x - 1)...min(width - 1, x + 1) {
            let cell = v * width + u
            if open[cell] && classes[cell] == classes[start] {
              open[cell] = false
              cells.append(cell)
            }
          }
        }
      }
      sets.append(cells)
    }
    return sets
  }
}
