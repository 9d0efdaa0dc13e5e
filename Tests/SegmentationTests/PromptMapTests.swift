import Photos
import Tensors
import Testing

@testable import Segmentation

@Suite struct PromptMapTests {
  private let photo = Rectangle(x: 0, y: 0, width: 320, height: 240)

  @Test func clicksBecomeSquaresOfCells() {
    let map = syntheticMap(objects: [])
    let prompt = PromptMap(
      clicks: [Click(x: 0, y: 0, positive: true), Click(x: 319, y: 239, positive: false)],
      box: nil, window: photo, map: map)
    #expect(prompt.positive == [0])
    #expect(prompt.negative == [23 * 32 + 31])
    let bytes = prompt.bytes(on: map)
    #expect(bytes[0, 0, 0] == 255 && bytes[1, 1, 0] == 255 && bytes[2, 2, 0] == 128)
    #expect(bytes[23, 31, 1] == 255 && bytes[21, 29, 1] == 128)
    #expect(bytes[12, 12, 2] == 128)
  }

  @Test func positionsOutsideThePhotoAreTheNearestInside() {
    let map = syntheticMap(objects: [])
    let prompt = PromptMap(
      clicks: [Click(x: -50, y: 900, positive: true)],
      box: Rectangle(x: -10, y: -10, width: 15, height: 15), window: photo, map: map)
    #expect(prompt.positive == [23 * 32])
    #expect(prompt.box == Rectangle(x: 0, y: 0, width: 1, height: 1))
  }

  @Test func thePriorKnowsTheObject() {
    let map = syntheticMap(objects: [(1, 4..<12, 4..<12), (1, 4..<12, 20..<28)])
    let click = PromptMap(
      clicks: [Click(x: 55, y: 55, positive: true)], box: nil, window: photo, map: map
    ).bytes(on: map)
    #expect(click[10, 10, 3] > 240)
    #expect(click[10, 24, 3] < 135)
    let box = PromptMap(
      clicks: [], box: Rectangle(x: 200, y: 40, width: 80, height: 80), window: photo,
      map: map
    ).bytes(on: map)
    #expect(box[8, 24, 3] > 240)
    #expect(box[8, 24, 2] == 255)
    #expect(box[8, 8, 3] == 128)
  }

  @Test func aWindowHasItsOwnCells() {
    let map = syntheticMap(objects: [])
    let prompt = PromptMap(
      clicks: [Click(x: 1000 + 155, y: 500 + 55, positive: true)],
      box: Rectangle(x: 1100, y: 600, width: 100, height: 100),
      window: Rectangle(x: 1000, y: 500, width: 320, height: 240), map: map)
    #expect(prompt.positive == [5 * 32 + 15])
    #expect(prompt.box == Rectangle(x: 10, y: 10, width: 10, height: 10))
  }
}
