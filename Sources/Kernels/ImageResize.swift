import CKernels
public import Tensors

/// How pixels are weighed when an image changes size.
public enum ResizeFilter: Sendable, CaseIterable {
  /// Means over the area that an output pixel covers: exact for reductions.
  case area
  /// Straight lines between pixels; widened for reductions, so that nothing aliases.
  case bilinear
}

/// For each output position along one axis, which inputs it reads and how much of each.
struct ResizeTaps {
  /// The first input of each output.
  var first: [Int32] = []
  /// `count` weights for each output; each output's sum to 16384.
  var weights: [Int16] = []
  /// Inputs read by each output.
  var count = 0

  /// Taps from inputs `0..<input` to `output` outputs.
  init(from input: Int, to output: Int, filter: ResizeFilter) {
    let scale = Double(input) / Double(output)
    let stretch = max(scale, 1)
    // The distance from which on an input has no weight.
    let support = filter == .area ? 0.5 * stretch : stretch
    count = min(input, Int((2 * support).rounded(.up)) + 1)
    first.reserveCapacity(output)
    weights.reserveCapacity(output * count)
    var exact = [Double](repeating: 0, count: count)
    for position in 0..<output {
      let center = (Double(position) + 0.5) * scale
      let start = max(0, min(input - count, Int((center - support).rounded(.down))))
      for tap in 0..<count {
        let left = Double(start + tap)
        if filter == .area {
          // The overlap of the input pixel with the output pixel's extent.
          let low = max(left, center - stretch / 2)
          let high = min(left + 1, center + stretch / 2)
          exact[tap] = max(0, high - low)
        } else {
          exact[tap] = max(0, 1 - abs((left + 0.5 - center) / stretch))
        }
      }
      let total = exact.reduce(0, +)
      // Whole numbers whose sum is exact: each cumulative sum is rounded, not each weight.
      var sum = 0.0
      var given = 0
      for tap in 0..<count {
        sum += exact[tap]
        let upTo = Int((sum / total * 16384).rounded())
        weights.append(Int16(clamping: upTo - given))
        given = upTo
      }
      first.append(Int32(start))
    }
    // A single weight of 1.0 is 16384, which fits; nothing was clamped.
  }
}

/// Resizes a region of an image to `height` × `width` pixels.
///
/// Rows are weighed first, into 16-bit numbers with six bits after the point, then columns: a large
/// reduction reads each source byte once. Edges count as if cut off (weights are renormalised).
///
/// - Parameters:
///   - image: Any number of channels.
///   - region: The part to resize; all of it when `nil`.
///   - height: Rows of the result.
///   - width: Columns of the result.
///   - filter: How pixels are weighed.
///   - threads: The most threads to use; the result does not depend on it.
///   - kernels: The kernels to run; the result does not depend on them.
/// - Precondition: The region is within the image, and neither it nor the result is empty.
public func resized(
  _ image: borrowing Tensor<UInt8>, region: ImageRegion? = nil, height: Int, width: Int,
  filter: ResizeFilter = .area, threads: Int = 1, kernels: KernelTable = .current
) -> Tensor<UInt8> {
  let region = region ?? ImageRegion(of: image)
  precondition(
    !region.isEmpty && height > 0 && width > 0 && region.rows.lowerBound >= 0
      && region.rows.upperBound <= image.height && region.columns.lowerBound >= 0
      && region.columns.upperBound <= image.width, "resize needs a region within the image")
  let channels = image.channels
  let vertical = ResizeTaps(from: region.height, to: height, filter: filter)
  let horizontal = ResizeTaps(from: region.width, to: width, filter: filter)
  let rowStride = image.rowStride
  let rowBytes = region.width * channels
  var result = Tensor<UInt8>(uninitializedHeight: height, width: width, channels: channels)
  nonisolated(unsafe) let input =
    unsafe image.pointer + region.rows.lowerBound * rowStride + region.columns.lowerBound * channels
  nonisolated(unsafe) let output = unsafe result.mutablePointer
  let table = unsafe kernels.table.pointee.image.pointee
  inRows(height, height: 16, threads: threads) { rows in
    unsafe withUnsafeTemporaryAllocation(of: Int16.self, capacity: rowBytes) { line in
      guard let line = line.baseAddress else { return }
      for row in rows {
        unsafe vertical.weights.withUnsafeBufferPointer { weights in
          guard let weights = weights.baseAddress else { return }
          _ = unsafe table.weigh_rows(
            input + Int(vertical.first[row]) * rowStride, rowStride,
            weights + row * vertical.count, Int32(vertical.count), line, Int32(rowBytes))
        }
        unsafe horizontal.weights.withUnsafeBufferPointer { weights in
          unsafe horizontal.first.withUnsafeBufferPointer { first in
            guard let weights = weights.baseAddress, let first = first.baseAddress else { return }
            _ = unsafe table.weigh_columns(
              line, Int32(channels), first, weights, Int32(horizontal.count),
              output + row * width * channels, Int32(width))
          }
        }
      }
    }
  }
  return result
}
