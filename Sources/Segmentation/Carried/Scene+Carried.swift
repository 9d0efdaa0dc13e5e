import Photos
import Tensors

extension Scene {
  /// What a person carries or wears beside its outline, cell by cell of a look.
  ///
  /// - Parameters:
  ///   - index: The person's place in `objects`.
  ///   - outlined: The person.
  ///   - hints: What the answers about the person say of every cell.
  ///   - clicks: Negative clicks: on the person, and on its neighbours.
  ///   - kept: Negative clicks on what is not to be taken along.
  ///   - look: All of these cells.
  /// - Throws: `NetworkError` when the network lacks the graph for prompts.
  func carried(
    by index: Int, outlined: SoftCells, hints: [Float], besides clicks: [Click],
    without kept: [Click], from look: Look
  ) throws -> [SoftCells] {
    let (map, window) = (look.map, look.window)
    let grid = Grid(height: map.height, width: map.width)
    let own = outlined.values.map { $0 > 0.5 }
    let shown = self.look.map
    var isOther = [Bool](repeating: false, count: shown.count)
    for (other, group) in groups.enumerated() where other != index {
      for cell in group.cells { isOther[cell] = true }
    }
    let others = own.indices.map { cell -> Bool in
      let (x, y) = middle(of: cell, from: look)
      return !own[cell]
        && isOther[y * shown.height / view.height * shown.width + x * shown.width / view.width]
    }
    let parts = CarriedParts(grid: grid, own: own, others: others, hints: hints)
    var found: [SoftCells] = []
    for (cells, strongest) in parts.candidates() {
      let isFound = { (cell: Int) in found.contains { $0.values[cell] > 0.5 } }
      if 2 * cells.count(where: isFound) > cells.count { continue }
      let (x, y) = middle(of: strongest, from: look)
      let answer = try answer([Click(x: x, y: y, positive: true)] + clicks, nil, from: look)
      let keptCells = PromptMap(clicks: kept, box: nil, window: window, map: map).negative
      if parts.isCarried(answer, asked: cells),
        !keptCells.contains(where: { answer.values[$0] > 0.1 })
      {
        found.append(answer)
      }
    }
    return found
  }
}
