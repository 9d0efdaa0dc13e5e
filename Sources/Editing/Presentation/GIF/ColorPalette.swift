import Tensors

/// How often colours occur, in bins of 5 bits a channel.
struct ColorHistogram {
  /// The pixels of a bin: their number and the sum of their channels.
  struct Bin {
    var count = 0
    var sums = SIMD3<Int>()

    var mean: SIMD3<Int> {
      count == 0 ? sums : (sums &+ SIMD3(repeating: count / 2)) / SIMD3(repeating: count)
    }
  }

  private(set) var bins = [Bin](repeating: Bin(), count: 1 << 15)

  /// Counts every pixel of an RGB picture.
  mutating func add(_ pixels: borrowing Tensor<UInt8>) {
    let bytes = pixels.span
    for offset in stride(from: 0, to: bytes.count, by: 3) {
      let (red, green, blue) = (Int(bytes[offset]), Int(bytes[offset + 1]), Int(bytes[offset + 2]))
      let bin = (red >> 3) << 10 | (green >> 3) << 5 | blue >> 3
      bins[bin].count += 1
      bins[bin].sums &+= SIMD3(red, green, blue)
    }
  }
}

/// The few colours that stand for all of a picture's, found by median cut (Heckbert 1982).
struct ColorPalette {
  /// The colours, 0 to 255 a channel.
  let colors: [SIMD3<Int>]
  /// Whether every bin of the histogram has a colour of its own, so that nothing needs dithering.
  let isComplete: Bool

  /// At most `limit` colours for a histogram.
  ///
  /// The box of colours that deviates most along one axis, weighed by its pixels, is cut at its median.
  init(_ histogram: ColorHistogram, limit: Int = 256) {
    var bins = histogram.bins.filter { $0.count > 0 }
    var boxes = bins.isEmpty ? [] : [Box(0..<bins.count, in: bins)]
    while boxes.count < limit {
      guard let index = boxes.indices.max(by: { boxes[$0].deviation < boxes[$1].deviation }),
        boxes[index].range.count > 1
      else { break }
      let box = boxes[index]
      bins[box.range].sort { $0.mean[box.axis] < $1.mean[box.axis] }
      let half = bins[box.range].reduce(0) { $0 + $1.count } / 2
      var cut = box.range.lowerBound
      var passed = 0
      repeat {
        passed += bins[cut].count
        cut += 1
      } while passed < half && cut < box.range.upperBound - 1
      boxes[index] = Box(box.range.lowerBound..<cut, in: bins)
      boxes.append(Box(cut..<box.range.upperBound, in: bins))
    }
    isComplete = bins.count <= boxes.count
    colors = boxes.map { box in
      var total = ColorHistogram.Bin()
      for bin in bins[box.range] {
        total.count += bin.count
        total.sums &+= bin.sums
      }
      return total.mean
    }
  }

  /// A range of bins, the axis along which they deviate most, and by how much.
  private struct Box {
    let range: Range<Int>
    let axis: Int
    let deviation: Double

    init(_ range: Range<Int>, in bins: [ColorHistogram.Bin]) {
      var count = 0.0
      var sum = SIMD3<Double>()
      var squares = SIMD3<Double>()
      for bin in bins[range] {
        let weight = Double(bin.count)
        let mean = SIMD3<Double>(bin.mean)
        count += weight
        sum += mean * weight
        squares += mean * mean * weight
      }
      // The eye forgives blue most and green least.
      let spread = (squares - sum * sum / max(count, 1)) * SIMD3(0.8, 1, 0.6)
      self.range = range
      axis = (0..<3).max { spread[$0] < spread[$1] } ?? 0
      deviation = range.count > 1 ? spread[axis] : -1
    }
  }
}

/// Gives every pixel the number of a palette's colour.
struct ColorMatcher {
  private let palette: ColorPalette
  /// The nearest colour of each cell of 6 bits a channel; −1 where it was not asked for yet.
  private var nearest = [Int16](repeating: -1, count: 1 << 18)
  /// The levels between the lowest and the highest shift of the dither pattern.
  private let amplitude: Int

  init(_ palette: ColorPalette) {
    self.palette = palette
    amplitude = palette.isComplete ? 0 : 10
  }

  /// A number for every pixel of an RGB picture.
  ///
  /// Dithering depends on a pixel's place and value only, so that what is equal in two pictures stays
  /// equal: the frames of an animation do not flicker where nothing changed.
  mutating func numbers(for pixels: borrowing Tensor<UInt8>) -> [UInt8] {
    let bytes = pixels.span
    var result = [UInt8](repeating: 0, count: pixels.width * pixels.height)
    var offset = 0
    for y in 0..<pixels.height {
      for x in 0..<pixels.width {
        let shift = (2 * Self.threshold(x, y) - 63) * amplitude / 128
        var cell = 0
        for channel in 0..<3 {
          let level = min(max(Int(bytes[3 * offset + channel]) + shift, 0), 255)
          cell = cell << 6 | level >> 2
        }
        if nearest[cell] < 0 { nearest[cell] = Int16(search(cell)) }
        result[offset] = UInt8(nearest[cell])
        offset += 1
      }
    }
    return result
  }

  private func search(_ cell: Int) -> Int {
    let middle = SIMD3(cell >> 12, cell >> 6 & 63, cell & 63) &* 4 &+ 2
    var best = 0
    var least = Int.max
    for (index, color) in palette.colors.enumerated() {
      let difference = color &- middle
      let distance = (difference &* difference &* SIMD3(3, 4, 2)).wrappedSum()
      if distance < least { (best, least) = (index, distance) }
    }
    return best
  }

  /// The ordered-dither matrix of Bayer (1973), 8 × 8, 0 to 63: bits of x ⊕ y and y, interleaved.
  private static func threshold(_ x: Int, _ y: Int) -> Int {
    let (a, b) = (x ^ y, y)
    var value = 0
    for bit in 0..<3 { value = value << 2 | (a >> bit & 1) << 1 | b >> bit & 1 }
    return value
  }
}
