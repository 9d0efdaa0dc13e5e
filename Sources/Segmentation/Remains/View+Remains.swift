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
    besides kept: [Click], within limits: Rectangle, keepsFoot: Bool
  ) {
    guard let stored = mask.boundingBox else { return }
    let box = orientation.upright(stored, width: storedWidth, height: storedHeight)
    let window = box.grown(by: max(box.width, box.height) * 3 / 5 + 12)
      .clipped(toWidth: width, height: height)
    let small = SmallWindow(window, side: Remains.workingSide)
    let object = pixels(of: mask, in: small)
    if object.count(where: { $0 }) < 60 { return }
    let picture = reduced(small)
    let bytes = picture.span
    let cells = pixels(of: others, rows: rows, columns: columns, in: small)
    var isKept = [Bool](repeating: false, count: object.count)
    for click in kept {
      if let index = small.index(x: click.x, y: click.y) { isKept[index] = true }
    }
    let remains = Remains(
      grid: Grid(height: small.height, width: small.width),
      colours: object.indices.map {
        SIMD4(Float(bytes[3 * $0]), Float(bytes[3 * $0 + 1]), Float(bytes[3 * $0 + 2]), 1)
      },
      object: object, others: object.indices.map { cells[$0] && !object[$0] }, kept: isKept,
      hints: object.indices.map { hints.share(x: small.place($0).x, y: small.place($0).y) },
      ends: .init(
        left: window.x == 0, right: window.maxX == width, above: window.y == 0,
        below: window.maxY == height))
    let found = remains.pixels { part in
      let upright = small.upright(part)
      return upright.intersection(limits) == upright
        && !(keepsFoot && upright.y >= box.maxY - box.height / 5)
    }
    if let found { join(found, in: small, to: &mask) }
  }
}
