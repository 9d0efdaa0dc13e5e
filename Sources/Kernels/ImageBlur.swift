import CKernels
public import Tensors

/// Means over squares of 2 · `radius` + 1 pixels a side, edges repeated.
///
/// - Complexity: O(bytes), whatever the radius.
/// - Precondition: `radius` is between 0 and 4,000.
public func boxBlurred(
  _ image: borrowing Tensor<UInt8>, radius: Int, threads: Int = 1, kernels: KernelTable = .current
) -> Tensor<UInt8> {
  precondition(radius >= 0 && radius <= 4_000, "a box's radius is between 0 and 4,000 pixels")
  let (height, width, channels) = (image.height, image.width, image.channels)
  let row = image.rowStride
  if radius == 0 || image.count == 0 { return image.copy() }
  var across = Tensor<UInt8>(uninitializedHeight: height, width: width, channels: channels)
  var result = Tensor<UInt8>(uninitializedHeight: height, width: width, channels: channels)
  let side = UInt32(2 * radius + 1)
  let reciprocal = ((1 << 24) + side / 2) / side
  let table = unsafe kernels.table.pointee.image.pointee
  nonisolated(unsafe) let (source, between) = unsafe (image.pointer, across.mutablePointer)
  nonisolated(unsafe) let target = unsafe result.mutablePointer
  inRows(height, threads: threads) { rows in
    for y in rows {
      _ = unsafe table.box_row(
        source + y * row, Int32(width), Int32(channels), Int32(radius), reciprocal,
        between + y * row)
    }
  }
  // Strips of columns, whole cache lines each.
  let strips = min(threads, (row + 63) / 64)
  inBands(strips, threads: threads) { strip in
    let left = row * strip / strips / 64 * 64
    let right = strip + 1 == strips ? row : row * (strip + 1) / strips / 64 * 64
    unsafe boxColumns(
      between, left..<right, row: row, height: height, radius: radius, reciprocal: reciprocal,
      to: target, table)
  }
  extendLifetime(across)
  return result
}

/// Running means down some columns of bytes.
private func boxColumns(
  _ from: UnsafePointer<UInt8>, _ columns: Range<Int>, row: Int, height: Int, radius: Int,
  reciprocal: UInt32, to: UnsafeMutablePointer<UInt8>, _ table: efk_image
) {
  if columns.isEmpty { return }
  var sums = [UInt32](repeating: 0, count: columns.count)
  unsafe sums.withUnsafeMutableBufferPointer { sums in
    guard let totals = sums.baseAddress else { return }
    // The sums of row −1, so that the first step enters row `radius` and leaves −radius − 1.
    for k in -radius - 1...radius - 1 {
      let line = unsafe from + max(0, min(height - 1, k)) * row + columns.lowerBound
      for i in 0..<columns.count { unsafe totals[i] += UInt32(line[i]) }
    }
    for y in 0..<height {
      _ = unsafe table.box_step(
        totals, from + min(height - 1, y + radius) * row + columns.lowerBound,
        from + max(0, y - radius - 1) * row + columns.lowerBound, reciprocal,
        to + y * row + columns.lowerBound, Int32(columns.count))
    }
  }
}

/// Nearly a Gaussian blur: three boxes, whose variances sum to `sigma` squared as nearly as whole
/// radii allow (Wells 1986).
///
/// - Parameter sigma: The standard deviation in pixels; more than 3,900 counts as that.
/// - Complexity: O(bytes), whatever `sigma`.
public func gaussianBlurred(
  _ image: borrowing Tensor<UInt8>, sigma: Double, threads: Int = 1,
  kernels: KernelTable = .current
) -> Tensor<UInt8> {
  var result = image.copy()
  for radius in boxRadii(sigma: min(sigma, 3_900)) where radius > 0 {
    result = boxBlurred(result, radius: radius, threads: threads, kernels: kernels)
  }
  return result
}

/// The radii of three boxes that together blur like a Gaussian.
func boxRadii(sigma: Double) -> [Int] {
  // A box of side s has the variance (s² − 1) / 12.
  let ideal = (12 * sigma * sigma / 3 + 1).squareRoot()
  let small = max(0, Int((ideal - 1) / 2))
  let variance = { (radius: Int) in Double((2 * radius + 1) * (2 * radius + 1) - 1) / 12 }
  let best = (0...3).min { a, b in
    func error(_ larger: Int) -> Double {
      let sum = Double(larger) * variance(small + 1) + Double(3 - larger) * variance(small)
      return abs(sum - sigma * sigma)
    }
    return error(a) < error(b)
  }
  let larger = best ?? 0
  return (0..<3).map { $0 < larger ? small + 1 : small }
}
