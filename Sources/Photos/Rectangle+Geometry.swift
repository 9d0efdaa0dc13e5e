extension Rectangle {
  /// The box with `margin` more pixels on every side; a negative margin shrinks it.
  public func grown(by margin: Int) -> Rectangle {
    Rectangle(
      x: x - margin, y: y - margin, width: max(0, width + 2 * margin),
      height: max(0, height + 2 * margin))
  }

  /// The part within a picture of `width` × `height` pixels.
  public func clipped(toWidth width: Int, height: Int) -> Rectangle {
    intersection(Rectangle(x: 0, y: 0, width: width, height: height))
  }

  /// Whether the pixel at `x`, `y` is covered.
  public func contains(x: Int, y: Int) -> Bool {
    x >= self.x && x < maxX && y >= self.y && y < maxY
  }
}
