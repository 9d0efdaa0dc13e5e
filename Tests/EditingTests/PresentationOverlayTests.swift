import Photos
import Tensors
import Testing

@testable import Editing

@Suite struct MaskRunsTests {
  @Test func runsAreThoseOfTheMask() {
    var mask = Mask(width: 6, height: 3)
    for x in [0, 1, 5] { mask.values[0, x] = 255 }
    mask.values[2, 3] = 128
    mask.values[2, 4] = 127
    let runs = MaskRuns(mask)
    #expect(
      runs.runs == [
        .init(row: 0, columns: 0..<2), .init(row: 0, columns: 5..<6), .init(row: 2, columns: 3..<4),
      ])
    #expect(runs.count == 4)
  }

  @Test(arguments: [(40, 30), (13, 7), (101, 77), (1, 1), (80, 60)])
  func scalingTakesThePixelUnderEachMiddle(width: Int, height: Int) {
    let mask = Pictures.ballMask(width: 80, height: 60)
    let scaled = MaskRuns(mask).scaled(width: width, height: height)
    var expected = Mask(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        expected.values[y, x] =
          mask.values[(2 * y + 1) * 60 / (2 * height), (2 * x + 1) * 80 / (2 * width)]
      }
    }
    #expect(scaled == MaskRuns(expected))
  }

  @Test func theAnchorIsWithinTheObject() throws {
    let runs = MaskRuns(Pictures.ballMask(width: 90, height: 90))
    let anchor = try #require(runs.anchor)
    #expect(runs.runs.contains { $0.row == anchor.y && $0.columns.contains(anchor.x) })
    #expect(abs(anchor.x - 59) <= 1 && abs(anchor.y - 44) <= 1)
    #expect(MaskRuns(Mask(width: 3, height: 3)).anchor == nil)
  }
}

@Suite struct DetectionOverlayTests {
  private func ball(width: Int, height: Int, index: Int = 1) -> PresentedObject {
    PresentedObject(
      index: index, label: "ball#\(index)", score: 0.876,
      box: Pictures.ball(width: width, height: height),
      runs: MaskRuns(Pictures.ballMask(width: width, height: height)))
  }

  @Test func onlyTheObjectIsPainted() {
    let photo = Pictures.scene(width: 600, height: 400, ball: true)
    let object = ball(width: 600, height: 400)
    let drawn = DetectionOverlay.drawn(on: photo, objects: [object])
    #expect(drawn.width == 600 && drawn.height > 400)
    let reach = object.box.grown(by: 4)
    var painted = 0
    for y in 0..<400 {
      for x in 0..<600 {
        let isSame = (0..<3).allSatisfy { drawn[y, x, $0] == photo[y, x, $0] }
        if !reach.contains(x: x, y: y) {
          #expect(isSame)
        } else if !isSame {
          painted += 1
        }
      }
    }
    #expect(painted > object.runs.count * 9 / 10)
  }

  @Test func withoutObjectsThePhotoIsGivenBack() {
    let photo = Pictures.scene(width: 20, height: 10, ball: false)
    let drawn = DetectionOverlay.drawn(on: photo, objects: [])
    #expect(drawn.height == 10)
    #expect(
      (0..<600).allSatisfy {
        drawn[$0 / 60, $0 / 3 % 20, $0 % 3] == photo[$0 / 60, $0 / 3 % 20, $0 % 3]
      })
  }

  @Test(arguments: [(1, 1), (7, 90), (90, 7)])
  func tinyPhotosAreDrawnToo(width: Int, height: Int) {
    let objects = (1...15).map { ball(width: width, height: height, index: $0) }
    let drawn = DetectionOverlay.drawn(
      on: Pictures.scene(width: width, height: height, ball: true), objects: objects)
    #expect(drawn.width == width && drawn.height > height)
  }

  /// Lines and letters that grew with the length alone would take more memory than any machine has.
  @Test(arguments: [
    (300, 200, 1), (400, 10, 2), (4_400, 3_300, 10), (30_000, 400, 50), (5_000_000, 4, 2),
    (1, 1 << 28, 2),
  ])
  func linesAndLettersFitTheShorterSide(width: Int, height: Int, scale: Int) {
    #expect(DetectionOverlay.scale(width: width, height: height) == scale)
  }

  /// The line goes as far as the photo does.
  @Test func anObjectAtTheBorderIsOutlined() {
    var mask = Mask(width: 600, height: 40)
    for y in 0..<40 { for x in 0..<20 { mask.values[y, x] = 255 } }
    let object = PresentedObject(
      index: 1, label: "", score: nil, box: Rectangle(x: 0, y: 0, width: 20, height: 40),
      runs: MaskRuns(mask))
    let photo = Tensor<UInt8>(height: 40, width: 600, channels: 3, repeating: 200)
    let drawn = DetectionOverlay.drawn(on: photo, objects: [object], isNumbered: false)
    #expect(drawn.height == 40)
    for y in [0, 39] {
      let changed = (0..<600).filter { x in (0..<3).contains { drawn[y, x, $0] != 200 } }
      #expect(changed == Array(0..<22))
    }
  }

  @Test func everyLetterHasItsOwnShape() {
    let letters = (0x21..<0x7F).compactMap { UnicodeScalar($0).map { String($0) } }
    let shapes = letters.map { letter in
      let ink = BitmapFont.ink(letter, scale: 1)
      return (0..<70).map { ink[$0 / 7, $0 % 7] }
    }
    #expect(Set(shapes).count == 94)
    #expect(shapes.allSatisfy { $0.contains(255) })
  }
}
