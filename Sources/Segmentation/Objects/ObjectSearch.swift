import Photos

/// Gathers the objects of a photo: those that the network sees in the whole of it, and smaller ones that it only sees in parts
/// of it, which it is shown larger.
///
/// Of 106 people in photos of streets, stands and beaches, 31 are found in the whole photo and 42 with the parts; nearly all of
/// what the parts add is a person or a car in the background.
struct ObjectSearch {
  /// The objects found so far, largest first.
  private(set) var objects: [FoundObject] = []

  private let view: View
  private let names: ClassNames
  private let thresholds: Thresholds
  private let map: CellMap
  /// Where objects are, on a grid twice as fine as the map.
  private var taken: [Bool]

  /// Finds what the whole photo shows.
  init(_ map: CellMap, of view: View, names: ClassNames, thresholds: Thresholds) {
    (self.map, self.view, self.names, self.thresholds) = (map, view, names, thresholds)
    taken = [Bool](repeating: false, count: 4 * map.count)
    for group in groups(on: map, leastScore: thresholds.leastScore) {
      add(group, on: map, window: view.frame)
    }
  }

  /// The parts of the photo, in upright pixels: four that overlap.
  var parts: [Rectangle] {
    let (width, height) = (max(1, view.width * 3 / 5), max(1, view.height * 3 / 5))
    return [0, view.height - height].flatMap { y in
      [0, view.width - width].map { x in Rectangle(x: x, y: y, width: width, height: height) }
    }
  }

  /// Whether a part may show an object that was not found yet.
  ///
  /// - Parameters:
  ///   - map: What one view of it says at `coarseSide`.
  ///   - window: The part.
  func mayAdd(from map: CellMap, window: Rectangle) -> Bool {
    groups(on: map, leastScore: Self.leastHint).contains {
      isNew($0, map, window, leastCells: Self.leastCells * 3 / 4)
    }
  }

  /// The size at which the network is shown parts at first, six sevenths of its own: 91 of 716 parts of validation photos may then
  /// show something new, and 52 of the 61 that do are among them.
  static func coarseSide(of side: Int) -> Int { side * 6 / 7 }
  /// The least score then.
  private static let leastHint: Float = 0.45

  /// Adds the objects of a part that were not found yet and do not go on beyond it.
  mutating func add(from map: CellMap, window: Rectangle) {
    for group in groups(on: map, leastScore: thresholds.leastScore)
    where isNew(group, map, window, leastCells: Self.leastCells) {
      add(group, on: map, window: window)
    }
    objects.sort { $0.area > $1.area }
  }

  /// What is told reliably in parts of photos; of others, leaves seen closely would be plants, and branches birds.
  private static let small: Set = ["person", "car", "motorcycle", "cat", "dog"]

  /// What has fewer cells in a part is mostly a piece of something.
  private static let leastCells = 24
  /// An object of which more is found already is that object, or a part of it.
  private static let greatestShare = 0.2

  private func groups(on map: CellMap, leastScore: Float) -> [CellGroup] {
    Grouping(map, thresholds).groups().filter {
      $0.score >= leastScore && names.isListed($0.classIndex)
    }.sorted { $0.cells.count > $1.cells.count }
  }

  /// Whether an object ends within a part, or where the photo does.
  private func isWhole(_ group: CellGroup, on map: CellMap, window: Rectangle) -> Bool {
    let box = group.box(width: map.width)
    return (window.x == 0 || box.x >= 2)
      && (window.y == 0 || box.y >= 2)
      && (window.maxX == view.width || box.maxX <= map.width - 2)
      && (window.maxY == view.height || box.maxY <= map.height - 2)
  }

  private func isNew(
    _ group: CellGroup, _ map: CellMap, _ window: Rectangle, leastCells: Int
  ) -> Bool {
    guard group.cells.count >= leastCells, Self.small.contains(names.all[group.classIndex]),
      isWhole(group, on: map, window: window)
    else { return false }
    let found = group.cells.count { taken[place(of: $0, on: map, window: window, scale: 2)] }
    return Double(found) <= Self.greatestShare * Double(group.cells.count)
  }

  private mutating func add(_ group: CellGroup, on map: CellMap, window: Rectangle) {
    let isPart = window != view.frame
    var own = group
    if isPart {
      // The cells of the whole photo that it has half of.
      var counts: [Int: Int] = [:]
      for cell in group.cells {
        counts[place(of: cell, on: map, window: window, scale: 1), default: 0] += 1
      }
      let share =
        Double(window.width * window.height) / Double(map.count)
        * Double(self.map.count) / Double(view.width * view.height)
      let most = counts.filter { 2 * Double($0.value) * share >= 1 }
      own.cells = (most.isEmpty ? counts : most).keys.sorted()
    }
    for cell in group.cells {
      let index = place(of: cell, on: map, window: window, scale: 2)
      taken[index] = true
      if !isPart {
        for other in [1, 2 * map.width, 2 * map.width + 1] { taken[index - other] = true }
      }
    }
    let cells = group.box(width: map.width)
    let x = window.x + cells.x * window.width / map.width
    let y = window.y + cells.y * window.height / map.height
    let box = Rectangle(
      x: x, y: y, width: window.x + cells.maxX * window.width / map.width - x,
      height: window.y + cells.maxY * window.height / map.height - y)
    objects.append(
      FoundObject(
        group: own, box: box,
        area: group.cells.count * window.width * window.height / map.count,
        closer: isPart ? .init(cells: SoftCells(group, on: map), window: window) : nil))
  }

  /// The cell of the whole photo's map, or of a grid `scale` times as fine, that shows the middle of a part's cell.
  private func place(of cell: Int, on map: CellMap, window: Rectangle, scale: Int) -> Int {
    let x = (2 * (cell % map.width) + 1) * window.width + 2 * window.x * map.width
    let y = (2 * (cell / map.width) + 1) * window.height + 2 * window.y * map.height
    let column = x * self.map.width * scale / (2 * map.width * view.width)
    let row = y * self.map.height * scale / (2 * map.height * view.height)
    return row * self.map.width * scale + column
  }
}
