import Testing

@testable import Segmentation

@Suite struct GridTests {
  /// Places within so many rows and columns, one by one.
  private func near(_ place: Int, _ grid: Grid, _ reach: Int) -> [Int] {
    let (y, x) = (place / grid.width, place % grid.width)
    return (0..<grid.height * grid.width).filter {
      abs($0 / grid.width - y) <= reach && abs($0 % grid.width - x) <= reach
    }
  }

  @Test(arguments: [(1, 1), (1, 9), (7, 1), (5, 8), (9, 4)])
  func neighboursCountUpToTheirReach(height: Int, width: Int) {
    let grid = Grid(height: height, width: width)
    for reach in [0, 1, 2, 5, 12] {
      let marked = (0..<height * width).map { ($0 &* 2_654_435_761 >> 7 &+ reach) % 5 == 0 }
      let values = (0..<height * width).map { Float(($0 &* 40_503) % 17) }
      let dilated = grid.dilated(marked, by: reach)
      let sums = grid.sums(of: values, reach: reach)
      for place in marked.indices {
        let around = near(place, grid, reach)
        #expect(dilated[place] == around.contains { marked[$0] })
        #expect(sums[place] == around.reduce(0) { $0 + values[$1] })
      }
    }
  }
}
