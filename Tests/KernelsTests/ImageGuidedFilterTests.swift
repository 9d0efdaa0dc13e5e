import Tensors
import Testing

@testable import Kernels

@Suite struct ImageGuidedFilterTests {
  @Test func aFlatGuideGivesTwoMeans() {
    let guide = Tensor<UInt8>(height: 9, width: 9, channels: 3, repeating: 77)
    var mask = Tensor<Float>(height: 9, width: 9, repeating: 0)
    mask[4, 4] = 81
    let result = guidedFiltered(mask, guide: guide, radius: 1)
    // A box of nine over a box of nine.
    #expect(abs(result[4, 4] - 9) < 1e-3)
    #expect(abs(result[4, 6] - 3) < 1e-3)
    #expect(abs(result[4, 8]) < 1e-3)
  }

  @Test(arguments: [(1, 1), (1, 40), (33, 2), (40, 31)])
  func edgesMoveToTheGuide(height: Int, width: Int) {
    var guide = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 0)
    var mask = Tensor<Float>(height: height, width: width, repeating: 0)
    for row in 0..<height {
      for column in 0..<width {
        if column >= width / 2 { guide[row, column, 1] = 220 }
        // The mask's edge is three pixels off.
        mask[row, column] = column >= width / 2 - 3 ? 1 : 0
      }
    }
    let result = guidedFiltered(mask, guide: guide, radius: 8, smoothness: 1e-4)
    for row in 0..<height {
      for column in 0..<width {
        #expect(result[row, column] > -0.2 && result[row, column] < 1.2)
        if width >= 31 && column >= width / 2 { #expect(result[row, column] > 0.75) }
        if width >= 31 && column < width / 2 { #expect(result[row, column] < 0.6) }
      }
    }
  }
}
