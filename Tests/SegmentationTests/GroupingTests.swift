import Photos
import Testing

@testable import Segmentation

@Suite struct GroupingTests {
  @Test func theInnermostCellIsFurthestFromTheRim() {
    // Columns 2 to 8 of rows 0 to 4 on a map of 12 x 10: the map's rim is a rim too.
    let cells = (0..<5).flatMap { row in (2..<9).map { row * 12 + $0 } }
    let group = CellGroup(classIndex: 1, cells: cells, score: 1)
    #expect(group.box(width: 12) == Rectangle(x: 2, y: 0, width: 7, height: 5))
    let whole = Rectangle(x: 0, y: 0, width: 12, height: 10)
    #expect(
      [4, 5, 6].map { 2 * 12 + $0 }.contains(group.innermost(of: whole, height: 10, width: 12)))
    let right = Rectangle(x: 6, y: 0, width: 6, height: 10)
    #expect(
      [1, 2, 3].map { $0 * 12 + 7 }.contains(group.innermost(of: right, height: 10, width: 12)))
    let corner = Rectangle(x: 8, y: 0, width: 4, height: 10)
    #expect(group.innermost(of: corner, height: 10, width: 12) == nil)
  }

  @Test func nothingIsNoObject() {
    #expect(Grouping(syntheticMap(objects: []), shippedThresholds).groups().isEmpty)
  }

  @Test func touchingObjectsOfOneClassAreTwo() {
    let map = syntheticMap(objects: [(1, 4..<12, 4..<12), (1, 4..<12, 12..<24)])
    let groups = Grouping(map, shippedThresholds).groups().sorted {
      $0.cells.count < $1.cells.count
    }
    #expect(groups.map(\.cells.count) == [64, 96])
    #expect(groups.allSatisfy { $0.classIndex == 1 && $0.score > 0.9 })
  }

  @Test func cellsThatPointNowhereAreGroupedByTouching() {
    let map = syntheticMap(objects: [(2, 2..<6, 2..<6), (2, 12..<20, 12..<20)], aim: false)
    // Without a middle each cell points at itself.
    #expect(Grouping(map, shippedThresholds).groups().map(\.cells.count).sorted() == [16, 64])
  }

  @Test func anEchoOfAMiddleIsDropped() {
    let whole = syntheticMap(objects: [(3, 4..<20, 4..<28)])
    var centre = whole.centre
    centre[6 * 32 + 6] = 0.6
    let map = CellMap(
      height: 24, width: 32, classCount: 4, logits: whole.logits, centre: centre,
      targetRow: whole.targetRow, targetColumn: whole.targetColumn)
    #expect(Grouping(map, shippedThresholds).groups().map(\.cells.count) == [16 * 24])
  }

  @Test func specksAreLeftOut() {
    let map = syntheticMap(objects: [(1, 4..<6, 4..<6)])
    #expect(Grouping(map, shippedThresholds).groups().isEmpty)
  }
}

@Suite struct CellMapTests {
  @Test func aMirroredViewOfASymmetricSceneChangesNothing() {
    let map = syntheticMap(width: 33, objects: [(1, 4..<12, 12..<21)])
    let mean = map.averaged(withMirrored: map)
    #expect(mean.logits == map.logits && mean.targetColumn == map.targetColumn)
    #expect(mean.centre == map.centre && mean.targetRow == map.targetRow)
  }

  @Test func aMirroredViewIsTurnedBack() {
    let left = syntheticMap(width: 33, objects: [(1, 4..<12, 2..<11)])
    let right = syntheticMap(width: 33, objects: [(1, 4..<12, 22..<31)])
    let mean = left.averaged(withMirrored: right)
    #expect(mean.logits == left.logits && mean.targetColumn == left.targetColumn)
  }
}
