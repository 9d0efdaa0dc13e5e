import Photos

/// What somebody carries or wears, among the cells around an outline: bags, boards, helmets, and feet that were missed.
///
/// The network half takes such things for a part of the person. Where it does in a region of its own beside the outline,
/// and outlines much the same region when it is asked for that alone, the thing is there.
struct CarriedParts {
  let grid: Grid
  /// The cells of the person.
  let own: [Bool]
  /// The cells of other objects.
  let others: [Bool]
  /// How much of every cell the answers about the person take for it, 0 to 1.
  let hints: [Float]
  /// `own`, and the cells around, which the outline's softness may reach.
  private let near: [Bool]
  private let size: Int

  init(grid: Grid, own: [Bool], others: [Bool], hints: [Float]) {
    (self.grid, self.own, self.others, self.hints) = (grid, own, others, hints)
    near = grid.dilated(own, by: 1)
    size = own.count { $0 }
  }

  /// From here on a cell is a hint; beside people the background has 0.02.
  private static let leastHint: Float = 0.05
  /// What is carried has at least this mean of hints.
  private static let leastMean: Float = 0.11
  /// The size of what is carried, as shares of the person's: smaller parts are mostly bits of the background.
  private static let sizes: ClosedRange<Float> = 0.03...0.5

  /// Regions of hints that hang together with the person, beside it, each with the cell around which the hints are strongest.
  func candidates() -> [(cells: [Int], strongest: Int)] {
    let reached = grid.flooded(from: own.indices.filter { own[$0] }) {
      own[$0] || hints[$0] > Self.leastHint && !others[$0]
    }
    var open = SoftCells(height: grid.height, width: grid.width)
    for cell in reached.indices where reached[cell] && !near[cell] {
      open.values[cell] = hints[cell]
    }
    let (part, counts) = open.parts(above: Self.leastHint)
    var regions = counts.map { _ in [Int]() }
    for cell in part.indices where part[cell] >= 0 { regions[part[cell]].append(cell) }
    let found = regions.compactMap { cells -> (cells: [Int], strongest: Int)? in
      // The thing itself may be twice or half as large.
      let share = Float(cells.count) / Float(size)
      let mean = cells.reduce(0) { $0 + hints[$1] } / Float(cells.count)
      guard 2 * share >= Self.sizes.lowerBound, share <= 2 * Self.sizes.upperBound,
        2 * mean >= Self.leastMean
      else { return nil }
      // A click in the middle of a thing says more than one on its strap.
      let around = grid.sums(
        of: open.values, reach: max(1, Int(Float(cells.count).squareRoot() / 3)))
      guard let strongest = cells.max(by: { around[$0] < around[$1] }) else { return nil }
      return (cells, strongest)
    }
    return Array(found.sorted { $0.cells.count > $1.cells.count }.prefix(Self.mostCandidates))
  }

  /// Each takes the network a few milliseconds.
  private static let mostCandidates = 2

  /// Whether what a click on a candidate finds is carried.
  func isCarried(_ answer: SoftCells, asked candidate: [Int]) -> Bool {
    if answer.certainty < Self.leastCertainty { return false }
    let cells = answer.values.indices.filter { answer.values[$0] > 0.5 }
    let count = Float(cells.count)
    let beside = cells.filter { !own[$0] }
    if beside.isEmpty || !Self.sizes.contains(count / Float(size)) { return false }
    // It lies beside the person, touches it, but does not lie along it; it ends in what is seen.
    let touching = cells.count { near[$0] }
    let isBeside =
      Float(beside.count) >= 0.65 * count && touching > 0 && Float(touching) <= 0.5 * count
    let isOther = Float(cells.count { others[$0] }) > 0.1 * count
    if !isBeside || isOther || cells.contains(where: isAtBorder) { return false }
    if beside.reduce(0, { $0 + hints[$1] }) < Self.leastMean * Float(beside.count) { return false }
    // Both answers mean the same region; within `near` there are no candidates.
    let clear = cells.filter { !near[$0] }
    let both = Float(candidate.count { answer.values[$0] > 0.5 })
    return both >= 0.75 * Float(clear.count) && both >= 0.55 * Float(candidate.count)
  }

  /// What is less certain is as often something else.
  private static let leastCertainty = 0.6

  private func isAtBorder(_ cell: Int) -> Bool {
    let (y, x) = (cell / grid.width, cell % grid.width)
    return y == 0 || x == 0 || y == grid.height - 1 || x == grid.width - 1
  }
}
