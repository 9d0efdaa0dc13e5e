import Photos
import Tensors
import Testing

@testable import Segmentation

@Suite struct SoftCellsTests {
  /// The right half of a photo of 320 × 240, and a window whose left edge is 80 and whose cells are half
  /// as large: the half begins in its middle.
  @Test func theMeanWithAnotherWindow() {
    let frame = Rectangle(x: 0, y: 0, width: 320, height: 240)
    let window = Rectangle(x: 80, y: 60, width: 160, height: 120)
    var half = SoftCells(height: 24, width: 32)
    for cell in half.values.indices { half.values[cell] = cell % 32 < 16 ? 0 : 1 }
    var answer = SoftCells(height: 24, width: 32)
    for cell in answer.values.indices { answer.values[cell] = cell / 32 < 18 ? 0.8 : 0 }
    let mean = answer.averaged(with: half, over: frame, window: window)
    #expect(mean.values[5 * 32 + 12] == Float(0.8) / 1.8 && mean.values[5 * 32 + 20] == 1)
    #expect(mean.values[20 * 32 + 12] == 0 && mean.values[20 * 32 + 20] == Float(1) / 1.8)
    // An answer that has hardly anything of the half does not count.
    for cell in answer.values.indices where cell / 32 >= 6 { answer.values[cell] = 0 }
    let alone = answer.averaged(with: half, over: frame, window: window)
    #expect(alone.values[5 * 32 + 12] == 0 && alone.values[20 * 32 + 20] == 1)
  }

  @Test func whatMeansTheSameIsJoined() {
    func row(_ cells: Range<Int>) -> SoftCells {
      var result = SoftCells(height: 1, width: 20)
      for cell in cells { result.values[cell] = 0.8 }
      return result
    }
    var alike = row(0..<10)
    alike.join(row(1..<13))
    #expect(alike.values == row(0..<10).values, "9 of 13")
    alike.join(row(1..<12))
    #expect(alike.values == row(0..<12).values, "9 of 12")
  }

  @Test func onlyPartsWithASeedAreKept() {
    var cells = SoftCells(height: 4, width: 8)
    cells.values[0] = 0.9
    cells.values[1] = 0.8
    cells.values[6] = 0.9
    cells.keepParts(with: [1])
    #expect(cells.values[0] == 0.9 && cells.values[6] == 0)
  }

  /// Parts that another answer does not share go, whatever their size; down to cells that only leave a trace.
  @Test func onlyPartsThatAreSharedAreKept() {
    var cells = SoftCells(height: 1, width: 20)
    var other = SoftCells(height: 1, width: 20)
    for cell in [0, 1, 2, 3, 4, 8, 9, 12] { cells.values[cell] = 0.9 }
    cells.values[16] = 0.45
    for cell in [0, 1, 2, 3, 12] { other.values[cell] = 0.8 }
    var kept = cells
    kept.keepParts(sharedWith: other)
    #expect((0..<20).filter { kept.values[$0] > 0 } == [0, 1, 2, 3, 4, 12])
    // Where the other answer means something else, size alone decides.
    cells.keepParts(sharedWith: SoftCells(height: 1, width: 20))
    #expect((0..<20).filter { cells.values[$0] > 0 } == [0, 1, 2, 3, 4, 8, 9, 12, 16])
  }

  @Test func theBoxGrowsWithinTheMap() {
    var cells = SoftCells(height: 4, width: 8)
    #expect(cells.box(above: 0.5, margin: 1) == nil)
    cells.values[9] = 1
    #expect(
      cells.box(above: 0.5, margin: 2) == Rectangle(x: 0, y: 0, width: 4, height: 4))
  }

  /// The edge of the mask must lie on the edge of the picture, in every orientation.
  @Test(arguments: Orientation.allCases) func masksFollowThePicture(orientation: Orientation) {
    // Upright: bright from column 140 on; the cells know it only to 16 pixels.
    let (width, height) = (320, 192)
    var upright = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 40)
    for row in 0..<height {
      for column in 140..<width {
        for channel in 0..<3 { upright[row, column, channel] = 200 }
      }
    }
    let view = View(orientation.stored(upright), orientation: orientation, threads: 1)
    #expect(view.width == width && view.height == height)
    var cells = SoftCells(height: 12, width: 20)
    for row in 0..<12 {
      for column in 0..<20 {
        cells.values[row * 20 + column] = column < 8 ? 0 : column == 8 ? 0.4 : 1
      }
    }
    var mask = Mask(width: view.storedWidth, height: view.storedHeight)
    view.add(cells, over: view.frame, to: &mask)
    for row in [5, 90, 180] {
      #expect(view.value(x: 120, y: row, in: mask) < 128)
      #expect(view.value(x: 136, y: row, in: mask) < 128)
      #expect(view.value(x: 144, y: row, in: mask) >= 128)
      #expect(view.value(x: 300, y: row, in: mask) == 255)
    }
  }

  @Test func onlyWhatHangsTogetherWithAPlaceIsTrimmed() {
    var cells = SoftCells(height: 1, width: 8)
    cells.values = [0.9, 0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.2]
    var other = SoftCells(height: 1, width: 8)
    other.values = [0.9, 0.9, 0.2, 0.1, 0.9, 0.2, 0.9, 0.9]
    cells.trim(to: other, around: [3])
    // Neither what both have, nor what differs beyond it, nor anything is added.
    #expect(cells.values == [0.9, 0.9, 0.2, 0.1, 0.1, 0.9, 0.9, 0.2])
  }

  @Test func certaintyIsTheShareThatIsSure() {
    var cells = SoftCells(height: 1, width: 6)
    cells.values = [0.9, 0.9, 0.9, 0, 0.3, 0.1]
    // The third is inside only because it was clicked; the fourth was another part.
    cells.setCertainty(from: [0.9, 0.8, 0.1, 0.9, 0.3, 0.1])
    #expect(cells.certainty == 2.0 / 3)
    cells.setCertainty(from: [0, 0, 0, 0, 0, 0])
    #expect(cells.certainty == 0)
  }
}
