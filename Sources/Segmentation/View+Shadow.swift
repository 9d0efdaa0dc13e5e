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
    let small = SmallWindow(window, side: ContactShadow.workingSide)
    let picture = reduced(small)
    let object = pixels(of: mask, in: small)
    if object.count(where: { $0 }) < 60 { return false }
    let cells = pixels(of: others, rows: rows, columns: columns, in: small)
    let hidden = object.indices.map { cells[$0] && !object[$0] }
    let finder = ContactShadow(
      picture: picture, object: object, others: hidden,
      ends: .init(
        left: window.x == 0, right: window.maxX == width, below: window.maxY == height))
    guard let shadow = finder.pixels() else { return false }
    join(shadow, in: small, to: &mask)
    return true
  }
}
