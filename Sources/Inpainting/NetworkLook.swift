import Kernels
import Networks
import Photos
import Tensors

/// What the network makes of a window at one size.
struct NetworkLook: ~Copyable {
  /// RGB in sRGB, in stored orientation, of the frame's size; outside the hole the photo.
  let picture: Tensor<UInt8>
  /// 255 where the photo is known in all that a pixel covers, 0 elsewhere.
  let known: Tensor<UInt8>

  /// Asks the network.
  ///
  /// - Parameters:
  ///   - pixels: The photo.
  ///   - known: Of the frame's window: 255 outside the hole, 0 inside.
  ///   - color: From the photo's colours to those that the network knows.
  init(
    _ network: Network, in frame: NetworkFrame, pixels: borrowing Tensor<UInt8>,
    known: borrowing Tensor<UInt8>, orientation: Orientation, color: ColorTransform?, threads: Int
  ) throws(NetworkError) {
    let filter: ResizeFilter = frame.height < frame.region.height ? .area : .bilinear
    var small = resized(
      pixels, region: frame.region, height: frame.height, width: frame.width, filter: filter,
      threads: threads)
    color?.convertToSRGB(&small)
    // A pixel that covers any of the hole is in the hole: what little of it leaks is dropped.
    var kept = resized(known, height: frame.height, width: frame.width, filter: filter)
    do {
      var bytes = kept.mutableSpan
      for i in bytes.indices where bytes[i] != 255 { bytes[i] = 0 }
    }
    let upright = orientation.upright(small)
    var inside = orientation.upright(kept)
    do {
      var bytes = inside.mutableSpan
      for i in bytes.indices { bytes[i] = bytes[i] == 255 ? 0 : 1 }
    }
    let packed = packedInput(upright, hole: inside)
    let added = try NetworkLook.added(network, to: packed, threads: threads)

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
    picture = orientation.stored(seen)
    self.known = kept
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
}
