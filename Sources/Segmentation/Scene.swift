public import Photos
import Tensors

/// What is in a photo, and the way from an object, clicks or a box to a mask.
///
/// A scene keeps a reduced picture and the network's values, not the photo. It is not to be used by two
/// threads at once.
public struct Scene {
  /// The objects found, largest first.
  public let objects: [DetectedObject]

  let view: View
  /// The whole photo as the network saw it.
  let look: Look
  let groups: [CellGroup]
  private let found: [FoundObject]
  private let thresholds: Thresholds
  private let lookAt: (Rectangle) throws -> Look

  /// - Parameters:
  ///   - view: The photo.
  ///   - look: The whole of it as the network saw it.
  ///   - found: The objects, largest first.
  ///   - names: The network's classes.
  ///   - thresholds: The network's thresholds.
  ///   - lookAt: Shows the network another window of the photo.
  init(
    view: View, look: Look, found: [FoundObject], names: ClassNames, thresholds: Thresholds,
    lookAt: @escaping (Rectangle) throws -> Look
  ) {
    self.view = view
    self.look = look
    self.thresholds = thresholds
    self.lookAt = lookAt
    self.found = found
    groups = found.map(\.group)
    var ordinals = [Int](repeating: 0, count: names.all.count)
    objects = found.enumerated().map { index, object in
      let name = object.group.classIndex
      ordinals[name] += 1
      return DetectedObject(
        index: index, className: names.all[name], classOrdinal: ordinals[name],
        score: object.group.score, box: object.box, area: object.area)
    }
  }

  /// The mask of an object at full size, in stored orientation, its edges on the picture's edges; how certain the
  /// answer to its box is.
  ///
  /// It is the mean of what the classes say, and of the answer to a box around the object, out of which
  /// its neighbours are clicked, and what one of both is sure of: the two err in different places, and a
  /// small object is asked for in a window of its own. Where they hardly agree, the classes count alone, so
  /// that what is named is never passed over. What a click in the object's middle finds besides goes as
  /// well, where it means the same thing: no box cuts off a hand there. What a person carries goes with it.
  ///
  /// - Parameters:
  ///   - index: A place in `objects`.
  ///   - kept: Negative clicks. What the mask takes along at one of them, beside the object, is trimmed off.
  ///   - carrying: Whether what a person carries is sought.
  /// - Throws: `NetworkError` when the network lacks the graph for prompts.
  public func mask(
    of index: Int, without kept: [Click] = [], carrying: Bool = true
  ) throws -> PromptedMask {
    var mask = Mask(width: view.storedWidth, height: view.storedHeight)
    let (map, group, box) = (look.map, groups[index], objects[index].box)
    let within = group.box(width: map.width)
    let neighbours =
      groups.indices.filter { $0 != index }.compactMap {
        groups[$0].innermost(of: within, height: map.height, width: map.width)
      }.map { cell in
        let place = middle(of: cell)
        return Click(x: place.x, y: place.y, positive: false)
      }
    let named = found[index].closer?.cells ?? SoftCells(group, on: map)
    let frame = found[index].closer?.window ?? view.frame
    var look = self.look
    if let window = closer(to: box, limit: thresholds.boxZoomShare) { look = try lookAt(window) }
    let boxed = try answer(neighbours, box, from: look)
    var cells = boxed.averaged(with: named, over: frame, window: look.window)
    var hints = boxed
    let beside = kept.filter { look.window.contains(x: $0.x, y: $0.y) }
    if let innermost = group.innermost(of: within, height: map.height, width: map.width) {
      let place = middle(of: innermost)
      let click = Click(x: place.x, y: place.y, positive: true)
      let clicked = try answer([click] + neighbours, nil, from: look)
      cells.join(clicked)
      hints.unite(with: clicked)
      if carrying && objects[index].className == "person" {
        let off = Click(x: place.x, y: place.y, positive: false)
        let carried = try carried(
          by: index, outlined: cells, hints: hints.values, besides: [off] + neighbours,
          without: beside,
          from: look)
        for thing in carried { view.add(thing, over: look.window, to: &mask) }
      }
    }
    // The classes tell a person from a dog, but not one person from the next.
    cells.keepParts(sharedWith: boxed)
    let places = PromptMap(clicks: beside, box: nil, window: look.window, map: look.map).negative
      .filter { cells.values[$0] > 0.1 }
    if !places.isEmpty {
      let trimmed = try answer(neighbours + beside, box, from: look)
      cells.trim(to: trimmed, around: places)
    }
    view.add(cells, over: look.window, to: &mask)
    return PromptedMask(
      mask: mask, certainty: boxed.certainty, hints: Hints(cells: hints, window: look.window))
  }

  /// Adds to a mask what an object has of its outline in its own cells, and no other's.
  ///
  /// - Parameters:
  ///   - index: A place in `objects`.
  ///   - outlined: Its mask.
  ///   - mask: At full size, in stored orientation, as the other.
  public func addOwn(_ index: Int, outlined: borrowing Mask, to mask: inout Mask) {
    guard let box = outlined.boundingBox else { return }
    let map = look.map
    var isOwn = [Bool](repeating: false, count: map.count)
    for cell in groups[index].cells { isOwn[cell] = true }
    let upright = view.orientation.upright(box, width: view.storedWidth, height: view.storedHeight)
    for y in upright.y..<upright.maxY {
      let row = y * map.height / view.height * map.width
      for x in upright.x..<upright.maxX where isOwn[row + x * map.width / view.width] {
        let place = view.orientation.stored(
          x: x, y: y, width: view.storedWidth, height: view.storedHeight)
        if outlined.values[place.y, place.x] >= 128 { mask.values[place.y, place.x] = 255 }
      }
    }
  }

  /// Whether an object itself is at an upright position, by the network's cells.
  public func shows(_ index: Int, atX x: Int, y: Int) -> Bool {
    let map = look.map
    let (row, column) = (y * map.height / view.height, x * map.width / view.width)
    return groups[index].cells.contains(row * map.width + column)
  }

  /// The one thing that clicks and a box mean.
  ///
  /// A positive click is always within the mask. The thing need not be of any class.
  ///
  /// - Parameters:
  ///   - clicks: Upright positions, on the thing or (negative) beside it.
  ///   - box: An upright box around the thing.
  /// - Throws: `NetworkError` when the network lacks the graph for prompts.
  public func answer(clicks: [Click], box: Rectangle?) throws -> PromptedMask {
    var mask = Mask(width: view.storedWidth, height: view.storedHeight)
    if box == nil && !clicks.contains(where: \.positive) {
      let nothing = Hints(cells: SoftCells(height: 1, width: 1), window: view.frame)
      return PromptedMask(mask: mask, certainty: 0, hints: nothing)
    }
    var (look, cells) = (self.look, SoftCells?.none)
    let window: Rectangle?
    if let box {
      window = closer(to: box, limit: thresholds.boxZoomShare)
    } else {
      let first = try answer(clicks, nil, from: look)
      window = closer(to: extent(of: first, with: clicks), limit: thresholds.clickZoomShare)
      cells = first
    }
    if let window { (look, cells) = (try lookAt(window), nil) }
    let answered = try cells ?? answer(clicks, box, from: look)
    view.add(answered, over: look.window, to: &mask)
    let radius = max(1, look.window.width / look.map.width / 2)
    for click in clicks where click.positive {
      let x = min(max(click.x, 0), view.width - 1)
      let y = min(max(click.y, 0), view.height - 1)
      if view.value(x: x, y: y, in: mask) < 128 { view.mark(x: x, y: y, radius: radius, in: &mask) }
    }
    return PromptedMask(
      mask: mask, certainty: answered.certainty, hints: Hints(cells: answered, window: look.window))
  }

  /// The one thing that clicks and a box mean, in the cells of a look.
  ///
  /// What lies beside the look's window is no part of the answer, and need not be excluded.
  func answer(
    _ clicks: [Click], _ box: Rectangle?, from look: Look
  ) throws -> SoftCells {
    let clicks = clicks.filter { $0.positive || look.window.contains(x: $0.x, y: $0.y) }
    let map = look.map
    let asked = PromptMap(clicks: clicks, box: box, window: look.window, map: map)
    let logits = try look.answer(asked)
    let lean =
      !asked.negative.isEmpty
      ? 0 : asked.box == nil ? thresholds.clickLean : thresholds.boxLean
    var cells = SoftCells(height: map.height, width: map.width)
    for cell in logits.indices { cells.values[cell] = 1 / (1 + exponential(-logits[cell] - lean)) }
    if let limits = asked.box { cells.cut(to: limits) }
    let raw = cells.values
    for cell in asked.negative {
      for near in asked.around(cell, on: map) { cells.values[near] = 0 }
    }
    for cell in asked.positive { cells.values[cell] = max(cells.values[cell], 0.9) }
    cells.keepParts(with: asked.positive)
    cells.setCertainty(from: raw)
    return cells
  }

  /// The window of a second look at a small thing; `nil` for a large one.
  private func closer(to thing: Rectangle, limit: Float) -> Rectangle? {
    let thing = thing.intersection(view.frame)
    if thing.isEmpty { return nil }
    return thresholds.window(around: thing, width: view.width, height: view.height, limit: limit)
  }

  /// The upright box around what the whole photo's cells answer, and around the positive clicks.
  private func extent(of cells: SoftCells, with clicks: [Click]) -> Rectangle {
    var places = clicks.filter(\.positive).map {
      Rectangle(x: $0.x, y: $0.y, width: 1, height: 1)
    }
    if let own = cells.box(above: 0.5, margin: 0) {
      let left = own.x * view.width / cells.width
      let top = own.y * view.height / cells.height
      places.append(
        Rectangle(
          x: left, y: top, width: own.maxX * view.width / cells.width - left,
          height: own.maxY * view.height / cells.height - top))
    }
    return places.dropFirst().reduce(places.first ?? view.frame) { $0.union($1) }
  }

  /// The upright pixel in the middle of a cell of a look; of the whole photo where none is given.
  func middle(of cell: Int, from look: Look? = nil) -> (x: Int, y: Int) {
    let (map, window) = ((look ?? self.look).map, (look ?? self.look).window)
    return (
      window.x + (2 * (cell % map.width) + 1) * window.width / (2 * map.width),
      window.y + (2 * (cell / map.width) + 1) * window.height / (2 * map.height)
    )
  }

  /// Adds the shadow at its foot to the mask of a thing, where there is one that is clearly its own.
  ///
  /// - Parameter mask: The thing, as `mask` gives it.
  /// - Returns: Whether there is such a shadow.
  @discardableResult
  public func addShadow(to mask: inout Mask) -> Bool {
    let map = look.map
    return view.addShadow(
      to: &mask, others: cellsOfOthers(than: mask), rows: map.height, columns: map.width)
  }

  /// Adds to the mask of a thing what it leaves of that before even ground: whatever touches it there and ends soon.
  ///
  /// - Parameters:
  ///   - mask: The thing, as `mask` and `answer` give it.
  ///   - hints: What came with it.
  ///   - kept: Upright positions of what is no part of it.
  ///   - limits: An upright box beyond which nothing is added; `nil` for the whole photo.
  ///   - keepsFoot: Whether what lies at the thing's foot, such as a shadow, is left.
  public func addRemains(
    to mask: inout Mask, hints: Hints, besides kept: [Click], within limits: Rectangle?,
    keepsFoot: Bool
  ) {
    let map = look.map
    view.addRemains(
      to: &mask, hints: hints, others: cellsOfOthers(than: mask), rows: map.height,
      columns: map.width,
      besides: kept, within: limits ?? view.frame, keepsFoot: keepsFoot)
  }

  /// Which cells show objects that a mask mostly leaves.
  private func cellsOfOthers(than mask: borrowing Mask) -> [Bool] {
    var others = [Bool](repeating: false, count: look.map.count)
    let covered = coveredCells(by: mask)
    for group in groups where !group.isMostly(in: covered) {
      for cell in group.cells { others[cell] = true }
    }
    return others
  }

  /// Where other objects are than those that a mask covers; `nil` where there are none.
  ///
  /// An object along a fifth of the mask's edge or more may go on behind what it covers, and is not
  /// counted.
  ///
  /// - Returns: 255 on them, in the network's cells, stored orientation.
  public func otherObjects(than mask: borrowing Mask) -> Tensor<UInt8>? {
    let map = look.map
    let covered = coveredCells(by: mask)
    let near = Grid(height: map.height, width: map.width).dilated(covered, by: 2)
    let edge = near.indices.map { near[$0] && !covered[$0] }
    let length = edge.count { $0 }
    var cells = Tensor<UInt8>(height: map.height, width: map.width, repeating: 0)
    var isAny = false
    for group in groups where !group.isMostly(in: covered) {
      if 5 * group.cells.count(where: { edge[$0] }) >= length { continue }
      for cell in group.cells { cells[cell / map.width, cell % map.width] = 255 }
      isAny = true
    }
    return isAny ? view.orientation.stored(cells) : nil
  }

  /// The objects that a mask mostly covers though no positive click is on them, with a place on each: who clicked one
  /// of two cars may not mean both.
  public func objects(
    takenBy mask: borrowing Mask, besides clicks: [Click]
  ) -> [(object: DetectedObject, place: Click)] {
    let map = look.map
    let covered = coveredCells(by: mask)
    return objects.compactMap { object in
      let group = groups[object.index]
      let isMeant = clicks.contains { $0.positive && shows(object.index, atX: $0.x, y: $0.y) }
      guard !isMeant, group.isMostly(in: covered),
        let cell = group.innermost(
          of: group.box(width: map.width), height: map.height, width: map.width)
      else { return nil }
      let place = middle(of: cell)
      return (object, Click(x: place.x, y: place.y, positive: false))
    }
  }

  /// Which cells' middles a mask covers.
  private func coveredCells(by mask: borrowing Mask) -> [Bool] {
    var covered = [Bool](repeating: false, count: look.map.count)
    for cell in covered.indices {
      let place = middle(of: cell)
      covered[cell] = view.value(x: place.x, y: place.y, in: mask) >= 128
    }
    return covered
  }

  /// The places in `objects` of everything that is not a main subject.
  ///
  /// A main subject is large, near the middle, and at least as sharp as the rest of the photo: each
  /// object is weighed by the three together, and those that come near the heaviest are main subjects.
  /// Where even the heaviest is small and aside, there is none, and everything distracts.
  public func distractors() -> [Int] {
    if groups.isEmpty { return [] }
    let map = look.map
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
