public import Tensors

extension Orientation {
  /// A copy of stored pixels (or of a stored mask) that stands upright.
  public func upright(_ stored: borrowing Tensor<UInt8>) -> Tensor<UInt8> {
    let size = uprightSize(width: stored.width, height: stored.height)
    return turned(stored, width: size.width, height: size.height) { x, y, width, height in
      self.stored(x: x, y: y, width: width, height: height)
    }
  }

  /// A copy of upright pixels (or of an upright mask) in the stored orientation.
  public func stored(_ upright: borrowing Tensor<UInt8>) -> Tensor<UInt8> {
    let size = uprightSize(width: upright.width, height: upright.height)
    return turned(upright, width: size.width, height: size.height) { x, y, _, _ in
      self.upright(x: x, y: y, width: size.width, height: size.height)
    }
  }

  /// The upright box around the same pixels as a stored one, in a stored picture of that size.
  public func upright(_ box: Rectangle, width: Int, height: Int) -> Rectangle {
    spanning(
      upright(x: box.x, y: box.y, width: width, height: height),
      upright(x: box.maxX - 1, y: box.maxY - 1, width: width, height: height))
  }

  /// The stored box around the same pixels as an upright one, in a stored picture of that size.
  public func stored(_ box: Rectangle, width: Int, height: Int) -> Rectangle {
    spanning(
      stored(x: box.x, y: box.y, width: width, height: height),
      stored(x: box.maxX - 1, y: box.maxY - 1, width: width, height: height))
  }

  private func spanning(_ a: (x: Int, y: Int), _ b: (x: Int, y: Int)) -> Rectangle {
    Rectangle(
      x: min(a.x, b.x), y: min(a.y, b.y), width: abs(a.x - b.x) + 1, height: abs(a.y - b.y) + 1)
  }

  /// Copies every pixel from where `source` says; rows of the result are straight lines of the source.
  private func turned(
    _ picture: borrowing Tensor<UInt8>, width: Int, height: Int,
    source: (_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> (x: Int, y: Int)
  ) -> Tensor<UInt8> {
    if self == .up || picture.count == 0 { return picture.copy() }
    let channels = picture.channels
    var result = Tensor<UInt8>(uninitializedHeight: height, width: width, channels: channels)
    let from = picture.span
    var to = result.mutableSpan
    var output = 0
    for y in 0..<height {
      let first = source(0, y, picture.width, picture.height)
      let second = source(1, y, picture.width, picture.height)
      let step = ((second.y - first.y) * picture.width + second.x - first.x) * channels
      var input = (first.y * picture.width + first.x) * channels
      for _ in 0..<width {
        for channel in 0..<channels { to[output + channel] = from[input + channel] }
        output += channels
        input += step
      }
    }
    return result
  }
}
