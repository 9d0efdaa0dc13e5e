import Photos
import Tensors
import Testing

@Suite struct MaskGeometryTests {
  private func mask(_ rows: [String]) -> Mask {
    var mask = Mask(width: rows.first?.count ?? 0, height: rows.count)
    for (y, row) in rows.enumerated() {
      for (x, character) in row.enumerated() where character != "." { mask.values[y, x] = 255 }
    }
    return mask
  }

  @Test func subtractsWhatIsCoveredByHalf() {
    var mask = Mask(width: 4, height: 1)
    var other = Mask(width: 4, height: 1)
    for (x, value) in ([127, 128, 255] as [UInt8]).enumerated() {
      mask.values[0, x] = 200
      other.values[0, x] = value
    }
    mask.values[0, 3] = 90
    mask.subtract(other)
    let rest = (0..<4).map { mask.values[0, $0] }
    #expect(rest == [200, 0, 0, 90])
  }

  @Test func findsComponentsThatTouchAtACorner() {
    let parts = mask([
      "#..#....",
      ".##....#",
      ".......#",
      "##......",
    ]).components
    #expect(
      parts == [
        .init(box: Rectangle(x: 0, y: 0, width: 4, height: 2), area: 4),
        .init(box: Rectangle(x: 7, y: 1, width: 1, height: 2), area: 2),
        .init(box: Rectangle(x: 0, y: 3, width: 2, height: 1), area: 2),
      ])
  }

  @Test func joinsTheArmsOfAFork() {
    let parts = mask([
      "#.#.#",
      "#.#.#",
      "#####",
    ]).components
    #expect(parts == [.init(box: Rectangle(x: 0, y: 0, width: 5, height: 3), area: 11)])
  }

  @Test func countsAndBounds() {
    let some = mask(["....", ".#..", "...#"])
    #expect(some.count == 2)
    #expect(some.boundingBox == Rectangle(x: 1, y: 1, width: 3, height: 2))
    #expect(Mask(width: 3, height: 2).boundingBox == nil)
    let lower = Rectangle(x: 0, y: 1, width: 4, height: 2)
    #expect(some.boundingBox(within: lower) == some.boundingBox)
    let right = Rectangle(x: 2, y: 0, width: 2, height: 3)
    #expect(some.boundingBox(within: right) == Rectangle(x: 3, y: 2, width: 1, height: 1))
    #expect(some.boundingBox(within: Rectangle(x: 0, y: 2, width: 3, height: 1)) == nil)
    #expect(Mask(width: 0, height: 0).components.isEmpty)
  }

  @Test func unites() {
    var one = mask(["#.."])
    one.formUnion(mask(["..#"]))
    #expect(one.values[0, 0] == 255 && one.values[0, 1] == 0 && one.values[0, 2] == 255)
    one.values[0, 1] = 90
    var other = Mask(width: 3, height: 1)
    other.values[0, 1] = 80
    one.formUnion(other)
    #expect(one.values[0, 1] == 90)
  }

  @Test(arguments: Orientation.allCases) func turnsPixelsAndBoxes(_ orientation: Orientation) {
    var stored = Tensor<UInt8>(height: 3, width: 5, channels: 3, repeating: 0)
    for y in 0..<3 {
      for x in 0..<5 { for c in 0..<3 { stored[y, x, c] = UInt8(c * 100 + y * 5 + x) } }
    }
    let upright = orientation.upright(stored)
    for y in 0..<upright.height {
      for x in 0..<upright.width {
        let from = orientation.stored(x: x, y: y, width: 5, height: 3)
        for c in 0..<3 { #expect(upright[y, x, c] == stored[from.y, from.x, c]) }
      }
    }
    let back = orientation.stored(upright)
    #expect(back.width == 5 && back.height == 3)
    for index in stored.span.indices { #expect(back.span[index] == stored.span[index]) }

    let box = Rectangle(x: 1, y: 0, width: 3, height: 2)
    let turned = orientation.upright(box, width: 5, height: 3)
    #expect(turned.area == 6)
    #expect(orientation.stored(turned, width: 5, height: 3) == box)
  }
}

@Suite struct GrowthPlanTests {
  private func component(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Mask.Component {
    .init(box: Rectangle(x: x, y: y, width: width, height: height), area: width * height)
  }

  @Test func growsInProportion() {
    let plan = GrowthPlan(
      components: [component(50, 50, 10, 10), component(1_000, 1_000, 1_000, 1_000)],
      width: 4_000, height: 3_000)
    #expect(plan.groups.map(\.grow) == [3, 18])
    #expect(plan.groups.map(\.feather) == [2, 9])
    #expect(plan.groups.first?.region == Rectangle(x: 46, y: 46, width: 18, height: 18))
  }

  @Test func joinsPartsThatGrowIntoEachOther() {
    let plan = GrowthPlan(
      components: [component(0, 0, 10, 10), component(14, 0, 10, 10), component(50, 50, 4, 4)],
      width: 100, height: 100)
    #expect(plan.groups.count == 2)
    #expect(plan.groups.first?.region == Rectangle(x: 0, y: 0, width: 28, height: 14))
  }

  @Test func keepsTheFeatherWithinTheGrowth() {
    let plan = GrowthPlan(
      components: [component(5, 5, 9, 9)], width: 30, height: 30, grow: 2, feather: 9)
    #expect(plan.groups.first?.grow == 2 && plan.groups.first?.feather == 2)
    let none = GrowthPlan(components: [component(5, 5, 9, 9)], width: 30, height: 30, grow: 0)
    #expect(none.groups.first?.grow == 0 && none.groups.first?.feather == 0)
  }

  @Test(arguments: [false, true]) func leavesRoomForTheLargestGrowth(_ isBelow: Bool) {
    let parts = [component(100, 100, 800, 800), component(400, isBelow ? 912 : 84, 4, 4)]
    let plan = GrowthPlan(components: parts, width: 1200, height: 1200)
    #expect(plan.groups.count == 1 && plan.groups.first?.grow == 14)
    let region =
      isBelow
      ? Rectangle(x: 85, y: 85, width: 830, height: 846)
      : Rectangle(x: 85, y: 69, width: 830, height: 846)
    #expect(plan.groups.first?.region == region)
    let specks = (0..<600).map { component(600 + $0 * 20, 505, 1, 1) } + [parts[0]]
    let one = GrowthPlan(components: specks, width: 20_000, height: 1200)
    #expect(one.groups.first?.region == Rectangle(x: 85, y: 85, width: 12_511, height: 830))
  }

  @Test func aThinPartGrowsLittle() {
    let wire = Mask.Component(box: Rectangle(x: 0, y: 0, width: 9000, height: 9000), area: 90_000)
    #expect(GrowthPlan(components: [wire], width: 9000, height: 9000).groups.first?.grow == 3)
  }

  @Test func makesOneRegionOfSpeckles() {
    let specks = (0..<600).map { component($0 * 20, 5, 1, 1) }
    #expect(GrowthPlan(components: specks, width: 12_000, height: 10).groups.count == 1)
  }
}
