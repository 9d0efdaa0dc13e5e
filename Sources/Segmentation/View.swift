import Kernels
import Networks
import Photos
import Tensors

/// A photo as the scene keeps it: upright, reduced to what masks need.
final class View {
  /// The photo's stored size.
  let storedWidth: Int
  let storedHeight: Int
  let orientation: Orientation
  /// The upright size.
  let width: Int
  let height: Int
  /// The upright photo in sRGB, its long side at most `guideSide`.
  private let guide: Tensor<UInt8>
  /// The guide's size as a share of the photo's.
  private let guideScale: Double

  /// Fine enough for a second look at a tenth of the photo at the network's size.
  static let guideSide = 2048
  /// The longest side of the grid on which an object's edge is found.
  private static let workingSide = 384.0

  init(
    _ pixels: borrowing Tensor<UInt8>, orientation: Orientation, color: ColorTransform? = nil,
    threads: Int
  ) {
    storedWidth = pixels.width
    storedHeight = pixels.height
    self.orientation = orientation
    (width, height) = orientation.uprightSize(width: pixels.width, height: pixels.height)
    let long = max(width, height)
    guideScale = min(1, Double(Self.guideSide) / Double(long))
    var small = resized(
      pixels, height: max(1, Int((Double(storedHeight) * guideScale).rounded())),
      width: max(1, Int((Double(storedWidth) * guideScale).rounded())), threads: threads)
    color?.convertToSRGB(&small)
    guide = orientation.upright(small)
  }

  /// The whole upright photo.
  var frame: Rectangle { Rectangle(x: 0, y: 0, width: width, height: height) }

  /// The part of `length` pixels that a range of `count` cells shows.
  private static func pixels(_ cells: Range<Int>, of count: Int, length: Int) -> Range<Int> {
    let low = cells.lowerBound * length / count
    let high = (cells.upperBound * length + count - 1) / count
    return low..<max(low + 1, min(high, length))
  }

  /// Adds a thing to a full-size mask in stored orientation, its edge moved to the picture's edges.
  ///
  /// - Parameters:
  ///   - cells: The thing in cells that show `window` of the upright photo.
  ///   - mask: The mask.
  func add(_ cells: SoftCells, over window: Rectangle, to mask: inout Mask) {
    guard let box = cells.box(above: 0.1, margin: 2) else { return }
    let rows = Self.pixels(box.y..<box.maxY, of: cells.height, length: window.height)
    let columns = Self.pixels(box.x..<box.maxX, of: cells.width, length: window.width)
    let part = Rectangle(
      x: window.x + columns.lowerBound, y: window.y + rows.lowerBound, width: columns.count,
      height: rows.count)
    let long = Double(max(part.width, part.height)) * guideScale
    let scale = guideScale * min(1, Self.workingSide / long)
    let workHeight = max(1, Int((Double(part.height) * scale).rounded()))
    let workWidth = max(1, Int((Double(part.width) * scale).rounded()))
    let colours = reduced(part, height: workHeight, width: workWidth)
    let soft = cells.sampled(
      x: Float(box.x), y: Float(box.y), wide: Float(box.width), high: Float(box.height),
      height: workHeight, width: workWidth)
    let cell = max(1, Int((Double(workHeight) / Double(box.height)).rounded()))
    let fitted = guidedFiltered(soft, guide: colours, radius: cell)
    let edged = Self.bytes(fitted, within: soft)
    let large = resized(edged, height: part.height, width: part.width, filter: .bilinear)
    join(orientation.stored(large), at: part, to: &mask)
  }

  /// Makes sure that a disc around an upright position is in the mask.
  func mark(x: Int, y: Int, radius: Int, in mask: inout Mask) {
    for row in max(0, y - radius)...min(height - 1, y + radius) {
      for column in max(0, x - radius)...min(width - 1, x + radius)
      where (row - y) * (row - y) + (column - x) * (column - x) <= radius * radius {
        let place = orientation.stored(
          x: column, y: row, width: storedWidth, height: storedHeight)
        mask.values[place.y, place.x] = 255
      }
    }
  }

  /// The mask's byte at an upright position.
  func value(x: Int, y: Int, in mask: borrowing Mask) -> UInt8 {
    let place = orientation.stored(x: x, y: y, width: storedWidth, height: storedHeight)
    return mask.values[place.y, place.x]
  }

  /// Bytes with a steep edge where the fit crosses a half; nothing where the cells say clearly nothing.
  private static func bytes(_ fitted: borrowing Tensor<Float>, within soft: borrowing Tensor<Float>)
    -> Tensor<UInt8>
  {
    var result = Tensor<UInt8>(uninitializedHeight: fitted.height, width: fitted.width)
    var output = result.mutableSpan
    let (values, limits) = (fitted.span, soft.span)
    for index in output.indices {
      let steep = (values[index] - 0.5) * 5 + 0.5
      let value: Float = limits[index] < 0.04 ? 0 : limits[index] > 0.96 ? 1 : steep
      output[index] = UInt8((min(max(value, 0), 1) * 255).rounded())
    }
    return result
  }

  /// The upright photo's part of a box of its pixels, at another size.
  func reduced(_ box: Rectangle, height: Int, width: Int, threads: Int = 1) -> Tensor<UInt8> {
    let region = ImageRegion(
      rows: Self.pixels(box.y..<box.maxY, of: self.height, length: guide.height),
      columns: Self.pixels(box.x..<box.maxX, of: self.width, length: guide.width))
    let filter: ResizeFilter = region.width >= width ? .area : .bilinear
    return resized(
      guide, region: region, height: height, width: width, filter: filter, threads: threads)
  }

  /// Takes the larger byte of a stored window and of the mask under it.
  func join(_ window: borrowing Tensor<UInt8>, at box: Rectangle, to mask: inout Mask) {
    let place = orientation.stored(box, width: storedWidth, height: storedHeight)
    let source = window.span
    let stride = mask.width
    var target = mask.values.mutableSpan
    for row in 0..<window.height {
      let from = row * window.width
      let to = (place.y + row) * stride + place.x
      for column in 0..<window.width where source[from + column] > target[to + column] {
        target[to + column] = source[from + column]
      }
    }
  }

  /// The mean difference of neighbouring pixels in each cell: how sharp and how rich it is.
  func detail(cellsHigh: Int, cellsWide: Int) -> [Float] {
    Self.detail(of: guide, cellsHigh: cellsHigh, cellsWide: cellsWide)
  }

  private static func detail(
    of picture: borrowing Tensor<UInt8>, cellsHigh: Int, cellsWide: Int
  ) -> [Float] {
    var sums = [Float](repeating: 0, count: cellsHigh * cellsWide)
    var counts = [Float](repeating: 0, count: cellsHigh * cellsWide)
    let pixels = picture.span
    let stride = picture.rowStride
    for y in 0..<picture.height - 1 {
      for x in 0..<picture.width - 1 {
        let at = y * stride + 3 * x + 1
        let here = Int(pixels[at])
        let change = abs(Int(pixels[at + 3]) - here) + abs(Int(pixels[at + stride]) - here)
        let cell =
          y * cellsHigh / picture.height * cellsWide + x * cellsWide / picture.width
        sums[cell] += Float(change)
        counts[cell] += 1
      }
    }
    return sums.indices.map { sums[$0] / max(counts[$0], 1) }
  }
}
