import Kernels
import Photos
import Tensors

extension View {
  /// Adds its shadow to the mask of a thing, where one is clearly its own.
  ///
  /// - Parameters:
  ///   - mask: The thing, at full size in stored orientation.
  ///   - others: Cells that show other objects, `rows` × `columns` over the whole photo.
  /// - Returns: Whether there is such a shadow.
  func addShadow(to mask: inout Mask, others: [Bool], rows: Int, columns: Int) -> Bool {
    guard let stored = mask.boundingBox else { return false }
    let box = orientation.upright(stored, width: storedWidth, height: storedHeight)
    let side = max(box.width, box.height)
    let window = Rectangle(
      x: box.x - side * 4 / 5, y: box.y - side / 8, width: box.width + side * 8 / 5,
      height: box.height + side / 8 + side * 4 / 5
    ).clipped(toWidth: width, height: height)
    let scale = min(1, ContactShadow.workingSide / Double(max(window.width, window.height)))
    let workWidth = max(1, Int((Double(window.width) * scale).rounded()))
    let workHeight = max(1, Int((Double(window.height) * scale).rounded()))
    let picture = reduced(window, height: workHeight, width: workWidth)
    let object = small(mask, window, height: workHeight, width: workWidth)
    if object.count(where: { $0 }) < 60 { return false }
    let hidden = object.indices.map { index in
      let x = window.x + index % workWidth * window.width / workWidth
      let y = window.y + index / workWidth * window.height / workHeight
      return others[y * rows / height * columns + x * columns / width] && !object[index]
    }
    let finder = ContactShadow(
      picture: picture, object: object, others: hidden,
      ends: .init(
        left: window.x == 0, right: window.maxX == width, below: window.maxY == height))
    guard let shadow = finder.pixels() else { return false }
    var bytes = Tensor<UInt8>(uninitializedHeight: workHeight, width: workWidth)
    do {
      var output = bytes.mutableSpan
      for index in shadow.indices { output[index] = shadow[index] ? 255 : 0 }
    }
    let large = resized(bytes, height: window.height, width: window.width, filter: .bilinear)
    join(orientation.stored(large), at: window, to: &mask)
    return true
  }

  /// Where a mask has most of a small pixel of a window, row after row.
  func small(
    _ mask: borrowing Mask, _ window: Rectangle, height: Int, width: Int
  ) -> [Bool] {
    let place = orientation.stored(window, width: storedWidth, height: storedHeight)
    // Turning a size is its own inverse.
    let size = orientation.uprightSize(width: width, height: height)
    let cut = resized(
      mask.values,
      region: ImageRegion(rows: place.y..<place.maxY, columns: place.x..<place.maxX),
      height: size.height, width: size.width)
    let upright = orientation.upright(cut)
    let bytes = upright.span
    return bytes.indices.map { bytes[$0] > 127 }
  }
}
