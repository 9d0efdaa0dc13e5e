import Networks
public import Photos
import Tensors

/// What is in a photo, and the way from an object, clicks or a box to a mask.
///
/// A scene keeps a reduced picture and the network's values, not the photo. It is not to be used by two
/// threads at once.
public struct Scene {
  /// The objects found, largest first.
  public let objects: [DetectedObject]

  private let view: View
  private let map: CellMap
  private let groups: [CellGroup]
  private let prompt: GraphSession

  init(view: View, map: CellMap, classNames: [String], prompt: GraphSession) {
    self.view = view
    self.map = map
    self.prompt = prompt
    groups = Grouping(map).groups().filter { $0.score >= Self.leastScore }.sorted {
      $0.cells.count > $1.cells.count
    }
    var ordinals = [Int](repeating: 0, count: classNames.count)
    var objects: [DetectedObject] = []
    for (index, group) in groups.enumerated() {
      ordinals[group.classIndex] += 1
      let rows = group.cells.map { $0 / map.width }
      let columns = group.cells.map { $0 % map.width }
      guard let top = rows.min(), let bottom = rows.max(), let left = columns.min(),
        let right = columns.max()
      else { continue }
      let x = left * view.width / map.width
      let y = top * view.height / map.height
      objects.append(
        DetectedObject(
          index: index, className: classNames[group.classIndex],
          classOrdinal: ordinals[group.classIndex], score: group.score,
          box: Rectangle(
            x: x, y: y, width: (right + 1) * view.width / map.width - x,
            height: (bottom + 1) * view.height / map.height - y),
          area: group.cells.count * view.width * view.height / map.count))
    }
    self.objects = objects
  }

  /// What is added to the logits when nothing but clicks on the object is given: the network, unsure
  /// how far the object goes, then says too little (measured: a limit of 0.3 suits a click best).
  private static let clickLean: Float = 0.85
  /// Objects that the network is less sure of are left out.
  private static let leastScore: Float = 0.48

  /// The mask of some objects at full size, in stored orientation, its edges on the picture's edges.
  ///
  /// - Parameter indices: Places in `objects`; others are passed over.
  public func mask(of indices: [Int]) -> Mask {
    var mask = Mask(width: view.storedWidth, height: view.storedHeight)
    for index in indices where groups.indices.contains(index) {
      view.add(SoftCells(groups[index], on: map), to: &mask)
    }
    return mask
  }

  /// The mask of the one thing that clicks and a box mean, at full size, in stored orientation.
  ///
  /// A positive click is always within the mask. The thing need not be of any class.
  ///
  /// - Parameters:
  ///   - clicks: Upright positions, on the thing or (negative) beside it.
  ///   - box: An upright box around the thing.
  /// - Throws: `NetworkError` when the network lacks the graph for prompts.
  public func mask(clicks: [Click], box: Rectangle?) throws -> Mask {
    var mask = Mask(width: view.storedWidth, height: view.storedHeight)
    let asked = PromptMap(
      clicks: clicks, box: box, width: view.width, height: view.height, map: map)
    if asked.positive.isEmpty && asked.box == nil { return mask }
    try prompt.setInput(asked.bytes(on: map))
    prompt.run()
    let logits = try prompt.output()
    var cells = SoftCells(height: map.height, width: map.width)
    let values = logits.span
    let lean = asked.box == nil && asked.negative.isEmpty ? Self.clickLean : 0
    for cell in cells.values.indices {
      cells.values[cell] = 1 / (1 + exponential(-values[cell] - lean))
    }
    if let limits = asked.box { cells.cut(to: limits) }
    for cell in asked.negative {
      for near in asked.around(cell, on: map) { cells.values[near] = 0 }
    }
    for cell in asked.positive { cells.values[cell] = max(cells.values[cell], 0.9) }
    cells.keepParts(with: asked.positive)
    view.add(cells, to: &mask)
    let radius = max(1, view.width / map.width / 2)
    for click in clicks where click.positive {
      let x = min(max(click.x, 0), view.width - 1)
      let y = min(max(click.y, 0), view.height - 1)
      if view.value(x: x, y: y, in: mask) < 128 { view.mark(x: x, y: y, radius: radius, in: &mask) }
    }
    return mask
  }

  /// The places in `objects` of everything that is not a main subject.
  ///
  /// A main subject is large, near the middle, and at least as sharp as the rest of the photo: each
  /// object is weighed by the three together, and those that come near the heaviest are main subjects.
  /// Where even the heaviest is small and aside, there is none, and everything distracts.
  public func distractors() -> [Int] {
    if groups.isEmpty { return [] }
    let detail = view.detail(cellsHigh: map.height, cellsWide: map.width)
    let usual = max(detail.reduce(0, +) / Float(detail.count), 1)
    let weights = groups.map { group in
      let count = Float(group.cells.count)
      let row = Float(group.cells.reduce(0) { $0 + $1 / map.width }) / count / Float(map.height)
      let column = Float(group.cells.reduce(0) { $0 + $1 % map.width }) / count / Float(map.width)
      let aside = (row - 0.5) * (row - 0.5) + (column - 0.5) * (column - 0.5)
      let sharp = group.cells.reduce(Float(0)) { $0 + detail[$1] } / count / usual
      return (count / Float(map.count)).squareRoot() * exponential(-4 * aside) * min(sharp, 1)
    }
    let heaviest = weights.max() ?? 0
    return weights.indices.filter {
      weights[$0] < Self.subjectShare * heaviest || weights[$0] < Self.leastSubject
    }
  }

  /// An object of this share of the heaviest one's weight is a main subject too.
  private static let subjectShare: Float = 0.5
  /// An object of less weight (0.1 is a hundredth of the photo, sharp, in its middle) is never a subject.
  private static let leastSubject: Float = 0.08
}
