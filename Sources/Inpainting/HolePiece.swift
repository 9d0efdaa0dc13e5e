import Kernels
public import Photos
import Tensors

/// A part of a hole that is filled in one window.
public struct HolePiece: Equatable, Sendable {
  /// What is filled, in photo pixels.
  public var box: Rectangle
  /// Whether it was cut from a long thin hole, such as a wire or a scratch.
  public var isThin: Bool
}

extension HolePiece {
  /// The longest hole that is filled whole whatever its shape, in pixels.
  private static let wholeLength = 1024
  /// How many times as long as it is deep a thin hole is.
  private static let slenderness = 48
  /// How many times as long as the hole is deep a piece of it is at the most.
  private static let length = 32
  /// A piece may be as long as this in any case, in pixels.
  private static let leastLength = 512
  /// The deepest thin hole, so that looking for it costs little.
  private static let mostDepth = 60

  /// The pieces of a group of holes: thin ones are cut up, for a window around all of a wire would be most of
  /// the photo.
  ///
  /// - Parameters:
  ///   - box: Around the group.
  ///   - mask: Not kept in a hole.
  static func pieces(of box: Rectangle, in mask: borrowing Mask) -> [HolePiece] {
    let longer = max(box.width, box.height)
    guard longer > wholeLength,
      let depth = depth(of: mask.values, in: box, upTo: min(mostDepth, longer / slenderness))
    else { return [HolePiece(box: box, isThin: false)] }
    let parts = cut(box, to: max(leastLength, length * depth), mask: mask)
    // Of a grid or of specks everywhere, the windows of all pieces are larger than one around them all.
    func window(_ box: Rectangle, margin: Int) -> Int {
      box.grown(by: margin).clipped(toWidth: mask.width, height: mask.height).area
    }
    let all = parts.reduce(0) { $0 + window($1, margin: 64) }
    if all > window(box, margin: longer * 3 / 5) { return [HolePiece(box: box, isThin: false)] }
    return parts.map { HolePiece(box: $0, isThin: true) }
  }

  /// How far a hole's innermost pixel is from its edge, rounded up; `nil` if farther than a limit.
  private static func depth(
    of mask: borrowing Tensor<UInt8>, in box: Rectangle, upTo limit: Int
  ) -> Int? {
    // A hole that fills much of its box is not thin: most are told apart by counting.
    var count = 0
    let bytes = mask.span
    for y in box.y..<box.maxY {
      let (line, end) = (y * mask.width + box.x, y * mask.width + box.maxX)
      var first = bytes.firstSet(in: line..<end)
      while first < end {
        let last = bytes.firstClear(in: first..<end)
        count += last - first
        first = bytes.firstSet(in: last..<end)
      }
    }
    if count > max(box.area / 4, 2 * limit * max(box.width, box.height)) { return nil }
    let region = ImageRegion(rows: box.y..<box.maxY, columns: box.x..<box.maxX)
      .grown(by: 1, height: mask.height, width: mask.width)
    let distances = squaredDistances(toSet: known(beside: mask, in: region), far: limit + 1)
    let squared = distances.span
    var deepest: Int32 = 0
    for i in squared.indices { deepest = max(deepest, squared[i]) }
    let depth = Int(Double(deepest).squareRoot().rounded(.up))
    return depth <= limit ? depth : nil
  }

  /// Cuts a box across its longer side until no side is longer than a limit; what holds no hole is left out.
  private static func cut(
    _ box: Rectangle, to limit: Int, mask: borrowing Mask
  ) -> [Rectangle] {
    let longer = max(box.width, box.height)
    if longer <= limit { return [box] }
    let count = (longer + limit - 1) / limit
    var parts: [Rectangle] = []
    for index in 0..<count {
      let (from, to) = (longer * index / count, longer * (index + 1) / count)
      var part = box
      if box.width >= box.height {
        (part.x, part.width) = (box.x + from, to - from)
      } else {
        (part.y, part.height) = (box.y + from, to - from)
      }
      guard let tight = mask.boundingBox(within: part) else { continue }
      parts += cut(tight, to: limit, mask: mask)
    }
    return parts
  }
}
