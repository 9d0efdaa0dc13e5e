import CCoefficients
import Photos
import Synchronization
import Tensors

/// A JPEG's quantized coefficients, as the tests' own reader finds them.
struct Coefficients {
  struct Component {
    var horizontal: Int
    var vertical: Int
    var columns: Int
    var rows: Int
    var table: [UInt16]
    var values: [Int16]
  }

  /// What must be the same before and after an edit.
  struct Frame: Equatable {
    var width: Int32
    var height: Int32
    var colorSpace: Int32
    var isProgressive: Bool
    var isArithmetic: Bool
    var restartInterval: Int32
  }

  let frame: Frame
  let components: [Component]
  /// Whether libjpeg had nothing to warn of.
  let isClean: Bool

  /// The reader keeps its state in static memory.
  private static let turn = Mutex(())

  init(_ bytes: [UInt8]) {
    var image = etc_image()
    isClean = Self.turn.withLock { _ in unsafe etc_read(bytes, bytes.count, &image) }
    frame = Frame(
      width: image.width, height: image.height, colorSpace: image.color_space,
      isProgressive: image.progressive, isArithmetic: image.arithmetic,
      restartInterval: image.restart_interval)
    let four = unsafe [
      image.components.0, image.components.1, image.components.2, image.components.3,
    ]
    components = unsafe four.prefix(Int(image.component_count)).map { from in
      let count = unsafe Int(from.columns) * Int(from.rows) * 64
      return unsafe Component(
        horizontal: Int(from.horizontal), vertical: Int(from.vertical),
        columns: Int(from.columns), rows: Int(from.rows),
        table: withUnsafeBytes(of: from.table) { unsafe Array($0.bindMemory(to: UInt16.self)) },
        values: Array(UnsafeBufferPointer(start: from.coefficients, count: count)))
    }
    unsafe etc_free(&image)
  }

  struct Comparison {
    var differingOutside = 0
    var blocksInside = 0
    var sameLayout = true
  }

  /// Compares every coefficient, by the mask alone.
  func compare(with other: Coefficients, outside mask: borrowing Mask) -> Comparison {
    var result = Comparison()
    let maxH = components.map(\.horizontal).max() ?? 1
    let maxV = components.map(\.vertical).max() ?? 1
    for (one, two) in zip(components, other.components) {
      guard
        one.table == two.table && one.horizontal == two.horizontal
          && one.vertical == two.vertical && one.columns == two.columns && one.rows == two.rows
      else {
        result.sameLayout = false
        return result
      }
      let (width, height) = (8 * maxH / one.horizontal, 8 * maxV / one.vertical)
      for row in 0..<one.rows {
        for column in 0..<one.columns {
          var inside = false
          for y in (row * height..<(row + 1) * height).clamped(to: 0..<mask.height) {
            for x in (column * width..<(column + 1) * width).clamped(to: 0..<mask.width)
            where mask.values[y, x] != 0 {
              inside = true
            }
          }
          let start = (row * one.columns + column) * 64
          if inside {
            result.blocksInside += 1
          } else {
            for k in start..<start + 64 where one.values[k] != two.values[k] {
              result.differingOutside += 1
            }
          }
        }
      }
    }
    result.sameLayout = components.count == other.components.count
    return result
  }
}
