import Tensors

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
