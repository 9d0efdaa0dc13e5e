import Kernels
public import Networks
public import Photos
public import Tensors

/// What the network sees in a hole: a small picture of a window around it.
public struct Structure: ~Copyable {
  /// The network's picture of the window, RGB, in stored orientation; outside the hole the photo.
  let picture: Tensor<UInt8>
  /// The window, in photo pixels.
  let region: ImageRegion
  /// Photo pixels to a pixel of `picture`.
  let scale: Double

  /// Takes a picture of a window.
  public init(picture: consuming Tensor<UInt8>, window: Rectangle, scale: Double) {
    self.picture = picture
    region = ImageRegion(rows: window.y..<window.maxY, columns: window.x..<window.maxX)
    self.scale = scale
  }

  /// Asks the network.
  ///
  /// - Parameters:
  ///   - pixels: The photo.
  ///   - hole: Not 0 where pixels are unknown.
  ///   - box: The holes to fill.
  ///   - color: From the photo's colours to those that the network knows.
  public init(
    _ network: Network, pixels: borrowing Tensor<UInt8>, hole: borrowing Tensor<UInt8>,
    box: Rectangle, orientation: Orientation, color: ColorTransform? = nil, threads: Int
  ) throws(NetworkError) {
    let frame = NetworkFrame(box: box, height: pixels.height, width: pixels.width, network: network)
    let region = frame.region
    var unknown = Tensor<UInt8>(uninitializedHeight: region.height, width: region.width)
    do {
      // As many pixels as the window has: checked subscripts took longer than the network.
      let from = hole.span
      var to = unknown.mutableSpan
      for y in 0..<region.height {
        let line = (region.rows.lowerBound + y) * hole.width + region.columns.lowerBound
        for x in 0..<region.width { to[y * region.width + x] = from[line + x] == 0 ? 255 : 0 }
      }
    }
    let filter: ResizeFilter = frame.height < region.height ? .area : .bilinear
    var small = resized(
      pixels, region: region, height: frame.height, width: frame.width, filter: filter,
      threads: threads)
    color?.convertToSRGB(&small)
    // A pixel that covers any of the hole is in the hole: what little of it leaks is dropped.
    let kept = resized(unknown, height: frame.height, width: frame.width, filter: filter)

    let upright = orientation.upright(small)
    var inside = orientation.upright(kept)
    do {
      var bytes = inside.mutableSpan
      for i in bytes.indices { bytes[i] = bytes[i] == 255 ? 0 : 1 }
    }
    let packed = packedInput(upright, hole: inside)
    let added = try Structure.added(network, to: packed, threads: threads)

    var seen = Tensor<UInt8>(
      uninitializedHeight: upright.height, width: upright.width, channels: 3)
    do {
      let (input, hole, addition) = (packed.span, inside.span, added.span)
      var to = seen.mutableSpan
      for i in hole.indices {
        for c in 0..<3 {
          let value = Float(input[4 * i + c]) + (hole[i] == 0 ? 0 : 128 * addition[3 * i + c])
          to[3 * i + c] = UInt8(max(0, min(255, value.rounded())))
        }
      }
    }
    var picture = orientation.stored(seen)
    color?.convertFromSRGB(&picture)
    self.picture = picture
    self.region = region
    scale = Double(region.width) / Double(frame.width)
  }

  /// What the network adds to its input, pixel by pixel: the mean of what it says to the picture and
  /// to its mirror image.
  private static func added(
    _ network: Network, to packed: borrowing Tensor<UInt8>, threads: Int
  ) throws(NetworkError) -> Tensor<Float> {
    let (height, width) = (packed.height, packed.width)
    let session = try GraphSession(network, height: height, width: width, threads: threads)
    var sum = Tensor<Float>(height: height, width: width, channels: 3, repeating: 0)
    for orientation in [Orientation.up, .upMirrored] {
      try session.setInput(orientation.upright(packed))
      session.run()
      let cells = try session.output("fill")
      // The output's cells hold squares of pixels, channel after channel (pixel shuffle).
      let (side, depth) = (height / cells.height, cells.channels)
      let from = cells.span
      var to = sum.mutableSpan
      for y in 0..<height {
        let row = y / side * cells.width * depth + y % side * side
        for x in 0..<width {
          let column = orientation == .up ? x : width - 1 - x
          let cell = row + column / side * depth + column % side
          for c in 0..<3 { to[3 * (y * width + x) + c] += 0.5 * from[cell + c * side * side] }
        }
      }
    }
    return sum
  }

  /// The window around `region` as the network sees it, low-passed alike in the hole and around it.
  ///
  /// - Parameters:
  ///   - window: Of the photo's `region`.
  ///   - blur: The low-pass's standard deviation, in pixels of the network.
  func guide(
    for window: borrowing PartialImage, region: ImageRegion, blur: Double, threads: Int
  ) -> Tensor<UInt8> {
    // The window at nearly the network's own resolution.
    var image = PartialImage(pixels: window.pixels.copy(), known: window.known.copy())
    var step = 1.0
    while 2 * step <= scale && min(image.height, image.width) > 16 {
      image = image.halved(needed: 1, threads: threads)
      step *= 2
    }
    let (offsetY, offsetX) = (
      Double(region.rows.lowerBound - self.region.rows.lowerBound),
      Double(region.columns.lowerBound - self.region.columns.lowerBound)
    )
    let (height, width) = (picture.height, picture.width)
    let ratioY = Double(height) / Double(self.region.height)
    let ratioX = Double(width) / Double(self.region.width)
    for y in 0..<image.height {
      let fromY = ((Double(y) + 0.5) * step + offsetY) * ratioY - 0.5
      if fromY < -1 || fromY > Double(height) { continue }
      let top = Int(max(0, min(Double(height - 1), fromY)))
      let partY = max(0, min(1, fromY - Double(top)))
      for x in 0..<image.width where image.known[y, x] == 0 {
        let fromX = ((Double(x) + 0.5) * step + offsetX) * ratioX - 0.5
        if fromX < -1 || fromX > Double(width) { continue }
        let left = Int(max(0, min(Double(width - 1), fromX)))
        let partX = max(0, min(1, fromX - Double(left)))
        let (bottom, right) = (min(height - 1, top + 1), min(width - 1, left + 1))
        for c in 0..<3 {
          let above =
            Double(picture[top, left, c]) * (1 - partX) + Double(picture[top, right, c]) * partX
          let below =
            Double(picture[bottom, left, c]) * (1 - partX)
            + Double(picture[bottom, right, c]) * partX
          image.pixels[y, x, c] = UInt8((above * (1 - partY) + below * partY).rounded())
        }
        image.known[y, x] = 255
      }
    }
    // Other holes that the network was not shown.
    image.fillSmoothly(threads: threads)
    var guide = Tensor<UInt8>(uninitializedHeight: image.height, width: image.width, channels: 4)
    for y in 0..<image.height {
      for x in 0..<image.width {
        for c in 0..<3 { guide[y, x, c] = image.pixels[y, x, c] }
        guide[y, x, 3] = 0
      }
    }
    return gaussianBlurred(guide, sigma: blur * scale / step, threads: threads)
  }
}

/// Where the network looks, and at what size.
struct NetworkFrame: Equatable {
  /// Its window in photo pixels.
  let region: ImageRegion
  /// Rows of its picture.
  let height: Int
  /// Columns of its picture.
  let width: Int

  /// A square window three times as wide as the holes, moved into the photo and cut to it; seen at the
  /// network's own size, or at a smaller one where the window is small.
  init(box: Rectangle, height: Int, width: Int, network: Network) {
    self.init(
      box: box, height: height, width: width, inputSize: network.inputSize,
      multiple: network.multiple)
  }

  init(box: Rectangle, height: Int, width: Int, inputSize: Int, multiple: Int) {
    let side = max(3 * max(box.width, box.height), 128)
    func range(middle: Int, limit: Int) -> Range<Int> {
      let length = min(side, limit)
      let first = max(0, min(limit - length, middle - length / 2))
      return first..<first + length
    }
    region = ImageRegion(
      rows: range(middle: box.y + box.height / 2, limit: height),
      columns: range(middle: box.x + box.width / 2, limit: width))
    let longer = max(region.height, region.width)
    let size =
      longer >= inputSize * 5 / 8
      ? inputSize : max(128, (longer + multiple - 1) / multiple * multiple)
    func sized(_ length: Int) -> Int {
      let whole = Double(length) * Double(size) / Double(longer) / Double(multiple)
      return max(128, Int(whole.rounded()) * multiple)
    }
    self.height = sized(region.height)
    self.width = sized(region.width)
  }
}

/// The network's input: the picture with its hole filled smoothly, and the mask as 128 or 255.
///
/// - Parameters:
///   - picture: RGB.
///   - hole: Not 0 where the picture is unknown.
func packedInput(
  _ picture: borrowing Tensor<UInt8>, hole: borrowing Tensor<UInt8>
) -> Tensor<UInt8> {
  let (height, width) = (picture.height, picture.width)
  let smooth = smoothFill(picture, hole: hole)
  var packed = Tensor<UInt8>(uninitializedHeight: height, width: width, channels: 4)
  let (from, unknown) = (smooth.span, hole.span)
  var to = packed.mutableSpan
  for i in unknown.indices {
    for c in 0..<3 {
      to[4 * i + c] = UInt8(max(0, min(255, (from[3 * i + c] + 0.5).rounded(.down))))
    }
    to[4 * i + 3] = unknown[i] == 0 ? 128 : 255
  }
  return packed
}

/// Fills a hole smoothly, as the network was trained to see it.
///
/// Colours times known area, and areas, are averaged by twos while both sides are even; empty cells
/// at the top take the mean of all; on the way down each level is laid over the bilinear enlargement
/// of the one above.
func smoothFill(
  _ picture: borrowing Tensor<UInt8>, hole: borrowing Tensor<UInt8>
) -> Tensor<Float> {
  let (height, width) = (picture.height, picture.width)
  // Red, green and blue times area, and area.
  var level = Tensor<Float>(uninitializedHeight: height, width: width, channels: 4)
  do {
    let (from, unknown) = (picture.span, hole.span)
    var to = level.mutableSpan
    for i in unknown.indices {
      let known = unknown[i] == 0
      for c in 0..<3 { to[4 * i + c] = known ? Float(from[3 * i + c]) : 0 }
      to[4 * i + 3] = known ? 1 : 0
    }
  }
  return smoothFill(premultiplied: level)
}

private func smoothFill(premultiplied level: borrowing Tensor<Float>) -> Tensor<Float> {
  let (height, width) = (level.height, level.width)
  var fill = Tensor<Float>(uninitializedHeight: height, width: width, channels: 3)
  if height % 2 == 0 && width % 2 == 0 {
    let (rows, columns) = (height / 2, width / 2)
    var half = Tensor<Float>(uninitializedHeight: rows, width: columns, channels: 4)
    do {
      let from = level.span
      var to = half.mutableSpan
      for y in 0..<rows {
        for x in 0..<columns {
          let at = 4 * (2 * y * width + 2 * x)
          for c in at..<at + 4 {
            to[4 * (y * columns + x) + c - at] =
              (from[c] + from[c + 4] + from[c + 4 * width] + from[c + 4 * width + 4]) / 4
          }
        }
      }
    }
    let smaller = smoothFill(premultiplied: half)
    let (above, own) = (smaller.span, level.span)
    var to = fill.mutableSpan
    for y in 0..<height {
      let nearY = y / 2
      let farY = max(0, min(rows - 1, y % 2 == 0 ? nearY - 1 : nearY + 1))
      for x in 0..<width {
        let nearX = x / 2
        let farX = max(0, min(columns - 1, x % 2 == 0 ? nearX - 1 : nearX + 1))
        let at = y * width + x
        let unknown = 1 - own[4 * at + 3]
        for c in 0..<3 {
          let near =
            0.75 * above[3 * (nearY * columns + nearX) + c]
            + 0.25 * above[3 * (nearY * columns + farX) + c]
          let far =
            0.75 * above[3 * (farY * columns + nearX) + c]
            + 0.25 * above[3 * (farY * columns + farX) + c]
          to[3 * at + c] = own[4 * at + c] + unknown * (0.75 * near + 0.25 * far)
        }
      }
    }
  } else {
    var sums: [Float] = [0, 0, 0, 0]
    for y in 0..<height {
      for x in 0..<width { for c in 0..<4 { sums[c] += level[y, x, c] } }
    }
    for y in 0..<height {
      for x in 0..<width {
        let area = level[y, x, 3]
        for c in 0..<3 {
          fill[y, x, c] =
            area > 0 ? level[y, x, c] / area : sums[3] > 0 ? sums[c] / sums[3] : 128
        }
      }
    }
  }
  return fill
}
