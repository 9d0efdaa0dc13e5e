import Networks
import Tensors

@testable import Segmentation

/// The thresholds that the program runs with.
let shippedThresholds: Thresholds = {
  do {
    return try Thresholds(try Network.embedded(.segmentation).parameters)
  } catch {
    preconditionFailure("\(error)")
  }
}()

/// A map of cells as a perfect network would give it: rectangles of classes that point to their middles.
func syntheticMap(
  height: Int = 24, width: Int = 32, classes: Int = 4,
  objects: [(name: Int, rows: Range<Int>, columns: Range<Int>)], aim: Bool = true
) -> CellMap {
  var semantic = Tensor<Float>(height: height, width: width, channels: classes, repeating: 0)
  var instance = Tensor<Float>(height: height, width: width, channels: 3, repeating: 0)
  for row in 0..<height {
    for column in 0..<width { semantic[row, column, 0] = 4 }
  }
  for object in objects {
    let middleRow = (object.rows.lowerBound + object.rows.upperBound) / 2
    let middleColumn = (object.columns.lowerBound + object.columns.upperBound) / 2
    for row in object.rows {
      for column in object.columns {
        semantic[row, column, 0] = 0
        semantic[row, column, object.name] = 4
        if aim {
          instance[row, column, 1] = Float(middleRow - row) / 16
          instance[row, column, 2] = Float(middleColumn - column) / 16
        }
      }
    }
    if aim { instance[middleRow, middleColumn, 0] = 1 }
  }
  return CellMap(semantic: semantic, instance: instance, offsetUnit: 16)
}
