import Photos
import Tensors

/// What a user points at, as the prompt graph reads it: one byte a cell for positive clicks, negative
/// clicks, the box, and where the object meant probably is.
struct PromptMap {
  /// Cells that are clicked: row · width + column.
  var positive: [Int] = []
  /// Cells that are not meant.
  var negative: [Int] = []
  /// The box in cells.
  var box: Rectangle?

  /// How wide, in cells, the agreement on an object's middle is.
  private static let spread: Float = 3
  private static let unset: UInt8 = 128

  /// Clicks and box, from upright pixels to the cells of `map`, which shows `window` of them.
  init(clicks: [Click], box: Rectangle?, window: Rectangle, map: CellMap) {
    let (width, height) = (window.width, window.height)
    for click in clicks {
      let column = min(max((click.x - window.x) * map.width / width, 0), map.width - 1)
      let row = min(max((click.y - window.y) * map.height / height, 0), map.height - 1)
      let cell = row * map.width + column
      if click.positive { positive.append(cell) } else { negative.append(cell) }
    }
    if let box {
      let left = min(max((box.x - window.x) * map.width / width, 0), map.width - 1)
      let top = min(max((box.y - window.y) * map.height / height, 0), map.height - 1)
      let right = ((box.maxX - window.x) * map.width + width - 1) / width
      let bottom = ((box.maxY - window.y) * map.height + height - 1) / height
      self.box = Rectangle(
        x: left, y: top, width: min(max(right, left + 1), map.width) - left,
        height: min(max(bottom, top + 1), map.height) - top)
    }
  }

  /// The bytes: height × width × 4.
  func bytes(on map: CellMap) -> Tensor<UInt8> {
    var tensor = Tensor<UInt8>(
      height: map.height, width: map.width, channels: 4, repeating: Self.unset)
    let prior = prior(on: map)
    var bytes = tensor.mutableSpan
    for cell in 0..<map.count { bytes[4 * cell + 3] += UInt8((127 * prior[cell]).rounded()) }
    for (channel, cells) in [(0, positive), (1, negative)] {
      for cell in cells {
        for near in around(cell, on: map) { bytes[4 * near + channel] = 255 }
      }
    }
    if let box {
      for row in box.y..<box.maxY {
        for column in box.x..<box.maxX { bytes[4 * (row * map.width + column) + 2] = 255 }
      }
    }
    return tensor
  }

  /// The cell and its neighbours.
  func around(_ cell: Int, on map: CellMap) -> [Int] {
    let (y, x) = (cell / map.width, cell % map.width)
    var cells: [Int] = []
    for row in max(0, y - 1)...min(map.height - 1, y + 1) {
      for column in max(0, x - 1)...min(map.width - 1, x + 1) {
        cells.append(row * map.width + column)
      }
    }
    return cells
  }

  /// Where the classes and the middles agree with what is pointed at, 0 to 1: cells that look alike and
  /// point to the same middle as a clicked one, and cells in the box that point to its middle.
  private func prior(on map: CellMap) -> [Float] {
    var prior = [Float](repeating: 0, count: map.count)
    func roots(_ cell: Int) -> [Float] { map.probabilities(cell).map { $0.squareRoot() } }
    for click in positive {
      let clicked = roots(click)
      let reach = 2 * Self.spread * Self.spread
      for cell in 0..<map.count {
        let dy = map.targetRow[cell] - map.targetRow[click]
        let dx = map.targetColumn[cell] - map.targetColumn[click]
        let near = exponential(-(dy * dy + dx * dx) / reach)
        // Most cells are too far away for their byte to change.
        if 127 * near < 0.5 || near <= prior[cell] { continue }
        let own = roots(cell)
        var alike: Float = 0
        for k in 0..<map.classCount { alike += own[k] * clicked[k] }
        prior[cell] = max(prior[cell], near * min(alike, 1))
      }
    }
    if let box {
      let spread = 1 + 0.15 * Float(box.width + box.height) / 2
      let middleRow = Float(box.y + box.maxY - 1) / 2
      let middleColumn = Float(box.x + box.maxX - 1) / 2
      for row in box.y..<box.maxY {
        for column in box.x..<box.maxX {
          let cell = row * map.width + column
          let dy = map.targetRow[cell] - middleRow
          let dx = map.targetColumn[cell] - middleColumn
          let near = exponential(-(dy * dy + dx * dx) / (2 * spread * spread))
          prior[cell] = max(prior[cell], near)
        }
      }
    }
    return prior
  }
}
