import Kernels
import Photos
import Tensors

extension View {
  /// Adds what a thing's mask leaves of it before even ground.
  ///
  /// - Parameters:
  ///   - mask: The thing, at full size in stored orientation.
  ///   - hints: What its answer says of the surroundings.
  ///   - others: Cells that show other objects, `rows` × `columns` over the whole photo.
  ///   - kept: Upright positions of what is no part of it.
  ///   - limits: An upright box beyond which nothing is added.
  ///   - keepsFoot: Whether what lies at the thing's foot, such as a shadow, is left.
  func addRemains(
    to mask: inout Mask, hints: Hints, others: [Bool], rows: Int, columns: Int,
    besides kept: [Click],
    within limits: Rectangle, keepsFoot: Bool
  ) {
    guard let stored = mask.boundingBox else { return }
    let box = orientation.upright(stored, width: storedWidth, height: storedHeight)
    let window = box.grown(by: max(box.width, box.height) * 3 / 5 + 12)
      .clipped(toWidth: width, height: height)
    let scale = min(1, Remains.workingSide / Double(max(window.width, window.height)))
    let workWidth = max(1, Int((Double(window.width) * scale).rounded()))
    let workHeight = max(1, Int((Double(window.height) * scale).rounded()))
    let object = small(mask, window, height: workHeight, width: workWidth)
    if object.count(where: { $0 }) < 60 { return }
    let picture = reduced(window, height: workHeight, width: workWidth)
    let pixels = picture.span
    let colours = object.indices.map {
      SIMD4(Float(pixels[3 * $0]), Float(pixels[3 * $0 + 1]), Float(pixels[3 * $0 + 2]), 1)
    }
    func place(_ index: Int) -> (x: Int, y: Int) {
      (
        window.x + index % workWidth * window.width / workWidth,
        window.y + index / workWidth * window.height / workHeight
      )
    }
    let hidden = object.indices.map { index in
      let (x, y) = place(index)
      return others[y * rows / height * columns + x * columns / width] && !object[index]
    }
    let remains = Remains(
      grid: Grid(height: workHeight, width: workWidth), colours: colours, object: object,
      others: hidden,
      hints: object.indices.map { hints.share(x: place($0).x, y: place($0).y) },
      ends: .init(
        left: window.x == 0, right: window.maxX == width, above: window.y == 0,
        below: window.maxY == height))
    let found = remains.pixels { part in
      let (first, last) = (
        place(part.y * workWidth + part.x), place((part.maxY - 1) * workWidth + part.maxX - 1)
      )
      let upright = Rectangle(
        x: first.x, y: first.y, width: last.x + 1 - first.x, height: last.y + 1 - first.y)
      return upright.intersection(limits) == upright
        && !kept.contains { upright.contains(x: $0.x, y: $0.y) }
        && !(keepsFoot && upright.y >= box.maxY - box.height / 5)
    }
    guard let found else { return }
    var bytes = Tensor<UInt8>(uninitializedHeight: workHeight, width: workWidth)
    do {
      var output = bytes.mutableSpan
      for index in found.indices { output[index] = found[index] ? 255 : 0 }
    }
    let large = resized(bytes, height: window.height, width: window.width, filter: .bilinear)
    join(orientation.stored(large), at: window, to: &mask)
  }
}
