import Networks
import Tensors

/// What the network says of every cell, a square of about four of its pixels.
struct CellMap {
  /// Rows of cells.
  let height: Int
  /// Columns of cells.
  let width: Int
  /// Number of classes, background included.
  let classCount: Int
  /// Logits, cell after cell, class after class.
  let logits: [Float]
  /// How much a cell looks like the middle of an object.
  let centre: [Float]
  /// The row of the middle of the object that a cell belongs to.
  let targetRow: [Float]
  /// The column of that middle.
  let targetColumn: [Float]

  /// Reads the network's two outputs.
  ///
  /// - Parameters:
  ///   - semantic: height × width × classes, logits.
  ///   - instance: height × width × 3: centre, row offset, column offset.
  ///   - offsetUnit: Cells in an offset of 1.
  init(
    semantic: borrowing Tensor<Float>, instance: borrowing Tensor<Float>, offsetUnit: Float
  ) {
    let (height, width) = (semantic.height, semantic.width)
    let (scores, values) = (semantic.span, instance.span)
    self.height = height
    self.width = width
    classCount = semantic.channels
    var logits: [Float] = []
    logits.reserveCapacity(scores.count)
    for index in scores.indices { logits.append(scores[index]) }
    self.logits = logits
    let channels = instance.channels
    centre = (0..<height * width).map { values[$0 * channels] }
    targetRow = (0..<height * width).map {
      Float($0 / width) + values[$0 * channels + 1] * offsetUnit
    }
    targetColumn = (0..<height * width).map {
      Float($0 % width) + values[$0 * channels + 2] * offsetUnit
    }
  }

  /// Shows the network a picture.
  ///
  /// - Parameters:
  ///   - picture: At the network's size.
  ///   - session: Its graph `main` for that size.
  ///   - offsetUnit: Cells in an offset of 1.
  /// - Throws: `NetworkError` when the network lacks an output.
  init(of picture: borrowing Tensor<UInt8>, session: GraphSession, offsetUnit: Float) throws {
    try session.setInput(picture)
    session.run()
    self.init(
      semantic: try session.output("semantic"), instance: try session.output("instance"),
      offsetUnit: offsetUnit)
  }

  /// Makes a map from its parts.
  init(
    height: Int, width: Int, classCount: Int, logits: [Float], centre: [Float],
    targetRow: [Float], targetColumn: [Float]
  ) {
    self.height = height
    self.width = width
    self.classCount = classCount
    self.logits = logits
    self.centre = centre
    self.targetRow = targetRow
    self.targetColumn = targetColumn
  }

  /// The mean of this map and of one of the mirrored picture.
  ///
  /// Two views of one picture err in different places; their mean is better than either.
  func averaged(withMirrored other: CellMap) -> CellMap {
    precondition(other.height == height && other.width == width, "both views have one size")
    var logits = logits
    var centre = centre
    var targetRow = targetRow
    var targetColumn = targetColumn
    for cell in 0..<count {
      let twin = cell / width * width + width - 1 - cell % width
      for k in 0..<classCount {
        logits[cell * classCount + k] += other.logits[twin * classCount + k]
        logits[cell * classCount + k] *= 0.5
      }
      centre[cell] = 0.5 * (centre[cell] + other.centre[twin])
      targetRow[cell] = 0.5 * (targetRow[cell] + other.targetRow[twin])
      let column = Float(width - 1) - other.targetColumn[twin]
      targetColumn[cell] = 0.5 * (targetColumn[cell] + column)
    }
    return CellMap(
      height: height, width: width, classCount: classCount, logits: logits, centre: centre,
      targetRow: targetRow, targetColumn: targetColumn)
  }

  /// Number of cells.
  var count: Int { height * width }

  /// The likeliest class of a cell; 0 is the background.
  func bestClass(_ cell: Int) -> Int {
    let base = cell * classCount
    var best = 0
    for k in 1..<classCount where logits[base + k] > logits[base + best] { best = k }
    return best
  }

  /// By how much a class leads over every other, as a probability: above a half where it is the likeliest.
  func lead(of name: Int, in cell: Int) -> Float {
    let base = cell * classCount
    var other = -Float.infinity
    for k in 0..<classCount where k != name { other = max(other, logits[base + k]) }
    return 1 / (1 + exponential(other - logits[base + name]))
  }

  /// The probabilities of all classes in a cell.
  func probabilities(_ cell: Int) -> [Float] {
    let base = cell * classCount
    let scores = logits[base..<base + classCount]
    let top = scores.max() ?? 0
    let powers = scores.map { exponential($0 - top) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
