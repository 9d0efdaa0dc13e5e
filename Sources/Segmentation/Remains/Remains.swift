import Photos

/// What an outline leaves of its thing before even ground, in a small upright picture around it: the tip of a wing, a
/// ski pole, a hand.
///
/// Where sky, snow, a wall or a lawn is all around, whatever else touches the thing and ends soon belongs to it, or would look
/// as if it did. Ground is the mean colour of the surroundings, without what stands out from it; a remain stands out by a
/// multiple of how much the ground itself varies. The limits were set by eye on the answers to 400 clicks.
///
/// - Complexity: O(pixels) for the ground, and for each remain.
struct Remains {
  /// Sides of the picture that are sides of the photo.
  struct Ends {
    var left: Bool
    var right: Bool
    var above: Bool
    var below: Bool
  }

  let grid: Grid
  /// The three colours, 0 to 255, and 1.
  let colours: [SIMD4<Float>]
  /// Where the thing is, row after row.
  let object: [Bool]
  /// Where other things are: a remain lies beside them for the most part.
  let others: [Bool]
  /// Places of what is no part of the thing.
  let kept: [Bool]
  /// How much the network takes each pixel for the thing, 0 to 1.
  let hints: [Float]
  let ends: Ends

  /// The long side of the picture that this is made for, in pixels.
  static let workingSide = 320.0
  /// A remain differs from the ground by so much, 0 to 255, at the least.
  private static let leastContrast: Float = 45
  /// And by so many times what the ground beside it varies.
  private static let leastMultiple: Float = 10.5
  /// Ground that varies by more is not even.
  private static let greatestVariation: Float = 10
  /// The largest remain, as a share of its thing.
  private static let greatestShare: Float = 0.15

  /// The pixels of all remains with their soft edges; `nil` where there are none.
  ///
  /// - Parameter isAllowed: Whether a remain, given as a box, may count.
  func pixels(where isAllowed: (Rectangle) -> Bool = { _ in true }) -> [Bool]? {
    guard let box = grid.box(of: object) else { return nil }
    let size = Float(max(box.width, box.height))
    let rim = max(2, Int(0.015 * size + 2))
    let near = grid.dilated(object, by: rim)
    let ground = ground(beyond: grid.dilated(object, by: rim + 2), reach: max(6, Int(0.12 * size)))
    let odd = ground.indices.map { ground[$0].isOdd && !near[$0] }
    let soft = grid.dilated(odd, by: 1)
    let touching = grid.dilated(near, by: 2)
    let kept = grid.dilated(self.kept, by: 2)
    let area = object.count { $0 }
    var seen = [Bool](repeating: false, count: object.count)
    var result = seen
    var isAny = false
    for start in odd.indices where odd[start] && touching[start] && !seen[start] {
      let region = grid.flooded(from: [start]) { soft[$0] && !near[$0] }
      let cells = region.indices.filter { region[$0] }
      for cell in cells { seen[cell] = true }
      let core = cells.filter { odd[$0] }
      let isSmall = Float(cells.count) <= Self.greatestShare * Float(area) && core.count >= 4
      let isOther =
        5 * cells.count { others[$0] } > cells.count || cells.contains { kept[$0] }
      guard isSmall, !isOther, let place = grid.box(of: region), isEnded(place), isAllowed(place),
        isHinted(cells, isAbove: place.y + place.height / 2 < box.y)
      else { continue }
      let contrast = core.reduce(0) { $0 + ground[$1].difference } / Float(core.count)
      let (outer, inner) = (grid.dilated(region, by: 4), grid.dilated(region, by: 1))
      let ring = outer.indices.filter { outer[$0] && !inner[$0] && !near[$0] }
      if ring.isEmpty || 10 * ring.count(where: { ground[$0].isOdd }) > ring.count { continue }
      let variation = ring.reduce(0) { $0 + ground[$1].variation } / Float(ring.count)
      if variation > Self.greatestVariation
        || contrast < max(Self.leastContrast, Self.leastMultiple * variation)
      {
        continue
      }
      // With what lies between it and the thing.
      let bridge = grid.dilated(region, by: rim + 1)
      for cell in result.indices where region[cell] || bridge[cell] && near[cell] {
        result[cell] = true
      }
      isAny = true
    }
    return isAny ? result : nil
  }

  /// Whether the network takes a region for a part of the thing, if only by a trace.
  ///
  /// A fourth of the tip of a wing or a tail has 0.1 or more, of a ski pole 0.015 or more, and of lamps and masts that rise behind
  /// a thing at most that.
  private func isHinted(_ cells: [Int], isAbove: Bool) -> Bool {
    let sorted = cells.map { hints[$0] }.sorted()
    return sorted[sorted.count * 3 / 4] >= (isAbove ? 0.05 : 0.012)
  }

  /// Whether a region ends within the picture, or with the photo.
  private func isEnded(_ box: Rectangle) -> Bool {
    (ends.left || box.x > 0) && (ends.above || box.y > 0)
      && (ends.right || box.maxX < grid.width) && (ends.below || box.maxY < grid.height)
  }

  /// What is known of a pixel and the ground around it.
  private struct Ground {
    /// By how much the pixel differs from the ground in the colour that differs most.
    var difference: Float = 0
    /// The root of the mean square of that, of the ground's own pixels.
    var variation: Float = .infinity
    /// Whether it is no ground.
    var isOdd = false
  }

  /// Tells ground from what stands out.
  ///
  /// In rounds: what does is left out of the next mean. What is as wide as a tenth of the thing passes for ground.
  private func ground(beyond thing: [Bool], reach: Int) -> [Ground] {
    let free = thing.indices.map { !thing[$0] && !others[$0] }
    var result = [Ground](repeating: Ground(), count: free.count)
    var isGround = free
    for _ in 0..<3 {
      let colour = grid.sums(
        of: free.indices.map { isGround[$0] ? colours[$0] : .zero }, reach: reach)
      for index in result.indices {
        let away = colours[index] - colour[index] / max(1, colour[index].w)
        result[index].difference = max(abs(away.x), abs(away.y), abs(away.z))
      }
      let squares = grid.sums(
        of: free.indices.map { index -> SIMD4<Float> in
          let difference = result[index].difference
          return isGround[index] ? SIMD4(difference * difference, 0, 0, 1) : .zero
        }, reach: reach)
      for index in result.indices {
        let variation = (max(0, squares[index].x) / max(1, squares[index].w)).squareRoot()
        result[index].variation = variation
        result[index].isOdd =
          squares[index].w > 30 && result[index].difference > max(16, 3 * variation)
      }
      let odd = grid.dilated(result.map(\.isOdd), by: 1)
      isGround = free.indices.map { free[$0] && !odd[$0] }
    }
    return result
  }
}
