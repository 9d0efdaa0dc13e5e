import Photos

extension Thresholds {
  /// The window in which the network takes a second look at a thing, so that it sees it larger; `nil` for
  /// a thing that is large already.
  ///
  /// - Parameters:
  ///   - thing: A box in a photo of `width` × `height`, within it.
  ///   - limit: The largest window that is worth it, as a share of the photo.
  func window(
    around thing: Rectangle, width: Int, height: Int, limit: Float
  ) -> Rectangle? {
    let margin = 2 * zoomMargin * Float(max(thing.width, thing.height))
    let least = zoomLeast * Float(max(width, height))
    var wide = max(Float(thing.width) + margin, least)
    var high = max(Float(thing.height) + margin, least)
    // A narrow window would be a strange photo.
    wide = max(wide, 0.6 * high)
    high = max(high, 0.6 * wide)
    let columns = Self.span(around: thing.x + thing.maxX, length: Int(wide), within: width)
    let rows = Self.span(around: thing.y + thing.maxY, length: Int(high), within: height)
    let share = Float(columns.count) / Float(width) * Float(rows.count) / Float(height)
    if share > limit { return nil }
    return Rectangle(
      x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
  }

  /// `length` places with their middle at half of `twice`, moved to lie within `0..<limit`.
  private static func span(around twice: Int, length: Int, within limit: Int) -> Range<Int> {
    let length = min(max(length, 1), limit)
    let first = min(max((twice - length) / 2, 0), limit - length)
    return first..<first + length
  }
}
