import Kernels
import Photos
import Tensors

/// A window of the upright photo in pixels as small as a search for something in it needs.
struct SmallWindow {
  /// The part of the upright photo.
  let window: Rectangle
  /// Columns of small pixels.
  let width: Int
  /// Rows of small pixels.
  let height: Int

  /// - Parameter side: The small pixels along the longer side at the most; there are never more than the photo has.
  init(_ window: Rectangle, side: Double) {
    self.window = window
    let scale = min(1, side / Double(max(window.width, window.height)))
    width = max(1, Int((Double(window.width) * scale).rounded()))
    height = max(1, Int((Double(window.height) * scale).rounded()))
  }

  /// The upright position of a small pixel's upper left corner.
  func place(_ index: Int) -> (x: Int, y: Int) {
    (
      window.x + index % width * window.width / width,
      window.y + index / width * window.height / height
    )
  }

  /// The upright box of a box of small pixels.
  func upright(_ box: Rectangle) -> Rectangle {
    let x = window.x + box.x * window.width / width
    let y = window.y + box.y * window.height / height
    return Rectangle(
      x: x, y: y, width: window.x + box.maxX * window.width / width - x,
      height: window.y + box.maxY * window.height / height - y)
  }

  /// The small pixel that shows an upright position; `nil` for one outside of the window.
  func index(x: Int, y: Int) -> Int? {
    if !window.contains(x: x, y: y) { return nil }
    return (y - window.y) * height / window.height * width + (x - window.x) * width / window.width
  }
}

extension View {
  /// The upright picture of a window.
  func reduced(_ small: SmallWindow) -> Tensor<UInt8> {
    reduced(small.window, height: small.height, width: small.width)
  }

  /// Where a mask has most of a small pixel, row after row.
  func pixels(of mask: borrowing Mask, in small: SmallWindow) -> [Bool] {
    let place = orientation.stored(small.window, width: storedWidth, height: storedHeight)
    // Turning a size is its own inverse.
    let size = orientation.uprightSize(width: small.width, height: small.height)
    let cut = resized(
      mask.values,
      region: ImageRegion(rows: place.y..<place.maxY, columns: place.x..<place.maxX),
      height: size.height, width: size.width)
    let upright = orientation.upright(cut)
    let bytes = upright.span
    return bytes.indices.map { bytes[$0] > 127 }
  }

  /// Where cells that show something over the whole photo, `rows` × `columns` of them, do so.
  func pixels(of cells: [Bool], rows: Int, columns: Int, in small: SmallWindow) -> [Bool] {
    (0..<small.width * small.height).map { index in
      let (x, y) = small.place(index)
      return cells[y * rows / height * columns + x * columns / width]
    }
  }

  /// Adds small pixels to a mask, at full size in stored orientation.
  func join(_ found: [Bool], in small: SmallWindow, to mask: inout Mask) {
    var bytes = Tensor<UInt8>(uninitializedHeight: small.height, width: small.width)
    do {
      var output = bytes.mutableSpan
      for index in found.indices { output[index] = found[index] ? 255 : 0 }
    }
    let large = resized(
      bytes, height: small.window.height, width: small.window.width, filter: .bilinear)
    join(orientation.stored(large), at: small.window, to: &mask)
  }
}
