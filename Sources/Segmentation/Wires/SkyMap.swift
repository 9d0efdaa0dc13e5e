import Kernels
import Photos
import Tensors

/// Where a photo shows open sky: even ground, not darker than the photo, that reaches its upper border.
struct SkyMap {
  /// Pixels of the stored photo to a cell.
  let scale: Float
  private let grid: Grid
  private let isSky: [Bool]

  /// Cells along the photo's longer side.
  private static let side: Float = 192
  /// How much neighbouring cells of a sky differ at the most, in levels.
  private static let mostDifference: Float = 6

  /// - Parameter pixels: The stored photo, height × width × 3.
  init(_ pixels: borrowing Tensor<UInt8>, orientation: Orientation, threads: Int) {
    scale = max(1, Float(max(pixels.width, pixels.height)) / Self.side)
    let grid = Grid(
      height: max(1, Int(Float(pixels.height) / scale)),
      width: max(1, Int(Float(pixels.width) / scale)))
    let small = resized(
      pixels, height: grid.height, width: grid.width, filter: .area, threads: threads)
    let colors = small.span
    var cells = (0..<grid.height * grid.width).map {
      SIMD3(Float(colors[3 * $0]), Float(colors[3 * $0 + 1]), Float(colors[3 * $0 + 2]))
    }
    let mean = cells.reduce(0) { $0 + $1.sum() } / Float(cells.count)
    // Wires are thinner than two cells and darker than the sky: a closing takes them away.
    cells = grid.combined(grid.combined(cells, pointwiseMax), pointwiseMin)
    let isEven = cells.indices.map { at in
      if !Self.isLikeSky(cells[at], mean: mean) { return false }
      var most: Float = 0
      if (at + 1) % grid.width > 0 { most = max(most, (cells[at] - cells[at + 1]).largest) }
      if at + grid.width < cells.count {
        most = max(most, (cells[at] - cells[at + grid.width]).largest)
      }
      return most <= Self.mostDifference
    }
    let size = orientation.uprightSize(width: grid.width, height: grid.height)
    let border = (0..<size.width).map { x in
      let at = orientation.stored(x: x, y: 0, width: grid.width, height: grid.height)
      return at.y * grid.width + at.x
    }
    isSky = grid.dilated(grid.flooded(from: border) { isEven[$0] }, by: 1)
    self.grid = grid
  }

  /// Whether a colour can be the sky's: blue, or brighter than the photo's mean, the more so the warmer it is.
  private static func isLikeSky(_ color: SIMD3<Float>, mean: Float) -> Bool {
    let warmth = color.x - color.z
    return color.sum() >= mean * (warmth < -10 ? 0.75 : warmth < 12 ? 1.1 : 1.4)
  }

  /// Whether there is no sky.
  var isEmpty: Bool { !isSky.contains(true) }

  /// Whether a place of the stored photo is in the sky.
  func contains(_ place: SIMD2<Float>) -> Bool {
    let x = max(0, min(grid.width - 1, Int((place.x + 0.5) / scale)))
    let y = max(0, min(grid.height - 1, Int((place.y + 0.5) / scale)))
    return isSky[y * grid.width + x]
  }

  /// Whether there is sky within a 24th of the photo's longer side around a place, straight or aslant.
  func isNear(_ place: SIMD2<Float>) -> Bool {
    for distance in stride(from: Float(0), through: Self.side / 24, by: 2) {
      for (x, y) in [(0, 1), (1, 0), (1, 1), (1, -1)] {
        let step = scale * distance * SIMD2(Float(x), Float(y))
        if contains(place + step) || contains(place - step) { return true }
      }
    }
    return false
  }
}

extension Grid {
  /// Every place combined with its eight neighbours.
  fileprivate func combined(
    _ values: [SIMD3<Float>], _ combine: (SIMD3<Float>, SIMD3<Float>) -> SIMD3<Float>
  ) -> [SIMD3<Float>] {
    func along(_ values: [SIMD3<Float>], step: Int, isFirst: (Int) -> Bool, isLast: (Int) -> Bool)
      -> [SIMD3<Float>]
    {
      values.indices.map { at in
        var value = values[at]
        if !isFirst(at) { value = combine(value, values[at - step]) }
        if !isLast(at) { value = combine(value, values[at + step]) }
        return value
      }
    }
    let rows = along(
      values, step: 1, isFirst: { $0 % width == 0 }, isLast: { $0 % width == width - 1 })
    return along(
      rows, step: width, isFirst: { $0 < width }, isLast: { $0 >= (height - 1) * width })
  }
}

extension SIMD3<Float> {
  /// The largest magnitude.
  var largest: Float { Swift.max(abs(x), abs(y), abs(z)) }
}
