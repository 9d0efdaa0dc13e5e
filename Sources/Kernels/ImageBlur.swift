import CKernels
public import Tensors

/// Means over squares of 2 · `radius` + 1 pixels a side, edges repeated.
///
/// - Complexity: O(bytes), whatever the radius.
/// - Precondition: `radius` is between 0 and 4,000.
public func boxBlurred(
  _ image: borrowing Tensor<UInt8>, radius: Int, kernels: KernelTable = .current
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
  unsafe image.withUnsafeBufferPointer { source in
    unsafe across.withUnsafeMutableBufferPointer { target in
      guard let from = source.baseAddress, let to = target.baseAddress else { return }
      for y in 0..<height {
        _ = unsafe table.box_row(
          from + y * row, Int32(width), Int32(channels), Int32(radius), reciprocal, to + y * row)
      }
    }
  }
  var sums = [UInt32](repeating: 0, count: row)
  unsafe across.withUnsafeBufferPointer { source in
    unsafe result.withUnsafeMutableBufferPointer { target in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        guard let from = source.baseAddress, let to = target.baseAddress,
          let totals = sums.baseAddress
        else { return }
        // The sums of row −1, so that the first step enters row `radius` and leaves −radius − 1.
        for k in -radius - 1...radius - 1 {
          let line = unsafe from + max(0, min(height - 1, k)) * row
          for i in 0..<row { unsafe totals[i] += UInt32(line[i]) }
        }
        for y in 0..<height {
          _ = unsafe table.box_step(
            totals, from + min(height - 1, y + radius) * row,
            from + max(0, y - radius - 1) * row, reciprocal, to + y * row, Int32(row))
        }
      }
    }
  }
  return result
}

/// Nearly a Gaussian blur: three boxes, whose variances sum to `sigma` squared as nearly as whole
/// radii allow (Wells 1986).
///
/// - Complexity: O(bytes), whatever `sigma`.
public func gaussianBlurred(
  _ image: borrowing Tensor<UInt8>, sigma: Double, kernels: KernelTable = .current
) -> Tensor<UInt8> {
  var result = image.copy()
  for radius in boxRadii(sigma: sigma) where radius > 0 {
    result = boxBlurred(result, radius: radius, kernels: kernels)
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
