import CKernels
public import Tensors

/// The smallest region that holds every byte that is not 0, or `nil` where there is none.
///
/// - Precondition: The mask has one channel.
func boundingRegion(of mask: borrowing Tensor<UInt8>) -> ImageRegion? {
  precondition(mask.channels == 1, "a mask has one channel")
  let bytes = mask.span
  var rows: Range<Int>?
  var left = Int.max
  var right = Int.min
  for row in 0..<mask.height {
    let start = row * mask.width
    let line = start..<start + mask.width
    let first = bytes.firstSet(in: line)
    guard first < line.upperBound, let last = bytes.lastSet(in: line) else { continue }
    rows = (rows?.lowerBound ?? row)..<row + 1
    left = min(left, first - start)
    right = max(right, last - start)
  }
  guard let rows else { return nil }
  return ImageRegion(rows: rows, columns: left..<right + 1)
}

/// Squared Euclidean distances from every pixel of a region to the nearest pixel *within the region*
/// that is set, its byte not 0; 0 on such pixels, and at least `far · far` where none is near.
///
/// Exact, in whole numbers: columns first, then the lower envelope of parabolas along each row
/// (Meijster, Roerdink and Hesselink 2000; Felzenszwalb and Huttenlocher 2012).
///
/// - Parameters:
///   - mask: One channel.
///   - region: Where to measure; all of the mask when `nil`.
///   - far: Distances down a column are cut off here: exact results end below it. At most 20,000.
/// - Complexity: O(pixels of the region).
public func squaredDistances(
  toSet mask: borrowing Tensor<UInt8>, region: ImageRegion? = nil, far: Int = 20_000,
  threads: Int = 1, kernels: KernelTable = .current
) -> Tensor<Int32> {
  precondition(mask.channels == 1, "a mask has one channel")
  precondition(far > 0 && far <= 20_000, "distances end at 20,000 pixels")
  let region = region ?? ImageRegion(of: mask)
  var result = Tensor<Int32>(
    uninitializedHeight: region.height, width: region.width, channels: 1)
  if region.isEmpty { return result }
  let columns = columnDistances(to: mask, region: region, far: far, kernels: kernels)
  if far <= mostAcross {
    acrossRows(columns, far: far, to: &result, kernels: kernels)
  } else {
    lowerEnvelope(columns, to: &result, threads: threads)
  }
  return result
}

/// Up to so far, looking at every column in reach costs less than finding an envelope.
private let mostAcross = 64

/// The least sum of squares along each row, within `far` columns, of distances cut off at `far`.
private func acrossRows(
  _ columns: borrowing Tensor<UInt16>, far: Int, to result: inout Tensor<Int32>,
  kernels: KernelTable
) {
  let (height, width) = (columns.height, columns.width)
  var squares = [UInt16](repeating: UInt16(far * far), count: width + 2 * far)
  let (from, to) = unsafe (columns.pointer, result.mutablePointer)
  unsafe squares.withUnsafeMutableBufferPointer { squares in
    guard let scratch = squares.baseAddress else { return }
    let table = unsafe kernels.table.pointee.image.pointee
    for row in 0..<height {
      _ = unsafe table.distance_across(
        from + row * width, Int32(far), scratch, to + row * width, Int32(width))
    }
  }
}

/// The least sum of squares along each row, whatever the distance.
private func lowerEnvelope(
  _ columns: borrowing Tensor<UInt16>, to result: inout Tensor<Int32>, threads: Int
) {
  let (height, width) = (columns.height, columns.width)
  nonisolated(unsafe) let (vertical, output) = unsafe (columns.pointer, result.mutablePointer)
  inRows(height, threads: threads) { rows in
    // The parabola that is lowest from column `start[k]` on has its apex at column `apex[k]`.
    var apex = [Int](repeating: 0, count: width)
    var start = [Int](repeating: 0, count: width)
    for row in rows {
      unsafe lowerEnvelope(
        of: UnsafeBufferPointer(start: vertical + row * width, count: width), apex: &apex,
        start: &start,
        to: UnsafeMutableBufferPointer(start: output + row * width, count: width))
    }
  }
}

private func lowerEnvelope(
  of line: UnsafeBufferPointer<UInt16>, apex: inout [Int], start: inout [Int],
  to output: UnsafeMutableBufferPointer<Int32>
) {
  let width = line.count
  func value(_ x: Int, _ i: Int) -> Int {
    let h = unsafe Int(line[i])
    return (x - i) * (x - i) + h * h
  }
  var last = 0
  apex[0] = 0
  start[0] = 0
  for u in 1..<max(width, 1) {
    let height = unsafe Int(line[u])
    while last >= 0 && value(start[last], apex[last]) > value(start[last], u) { last -= 1 }
    if last < 0 {
      last = 0
      apex[0] = u
      start[0] = 0
    } else {
      let i = apex[last]
      let other = unsafe Int(line[i])
      // The first column where the new parabola is not above the last one.
      let crossing = 1 + (u * u - i * i + height * height - other * other) / (2 * (u - i))
      if crossing < width && crossing > start[last] {
        last += 1
        apex[last] = u
        start[last] = crossing
      }
    }
  }
  for x in stride(from: width - 1, through: 0, by: -1) {
    while start[last] > x { last -= 1 }
    unsafe output[x] = Int32(clamping: value(x, apex[last]))
  }
}

/// Grows a mask by a disc: 255 where a set pixel is at most `radius` away.
///
/// - Parameters:
///   - mask: One channel.
///   - radius: In pixels; 0 keeps the set pixels themselves.
///   - region: Where to look and what to return; all of the mask when `nil`. For a large photo pass
///     the mask's bounding box grown by the radius: nothing else can change.
/// - Returns: A mask of the region's size.
/// - Complexity: O(pixels of the region), whatever the radius.
public func dilated(
  _ mask: borrowing Tensor<UInt8>, radius: Double, region: ImageRegion? = nil,
  kernels: KernelTable = .current
) -> Tensor<UInt8> {
  precondition(mask.channels == 1, "a mask has one channel")
  precondition(radius >= 0 && radius < 19_999, "a disc's radius is below 19,999 pixels")
  let region = region ?? ImageRegion(of: mask)
  var result = Tensor<UInt8>(height: region.height, width: region.width, repeating: 0)
  if region.isEmpty { return result }
  let reach = Int(radius)
  let columns = columnDistances(to: mask, region: region, far: reach + 1, kernels: kernels)
  if reach < mostAcross {
    var distances = Tensor<Int32>(
      uninitializedHeight: region.height, width: region.width, channels: 1)
    acrossRows(columns, far: reach + 1, to: &distances, kernels: kernels)
    let most = Int32(radius * radius)
    unsafe distances.withUnsafeBufferPointer { from in
      unsafe result.withUnsafeMutableBufferPointer { to in
        for i in 0..<to.count { unsafe to[i] = from[i] <= most ? 255 : 0 }
      }
    }
    return result
  }
  // How far along its row a pixel reaches whose column holds a set one `h` pixels away.
  let squared = (radius * radius).rounded(.down)
  let extent = (0...reach).map { Int((squared - Double($0 * $0)).squareRoot()) } + [-1]
  let width = region.width
  let (vertical, output) = unsafe (columns.pointer, result.mutablePointer)
  for row in 0..<region.height {
    // Intervals in order of their middles; each pixel is written once from either side.
    var filled = 0
    for x in 0..<width {
      let reached = unsafe extent[Int(vertical[row * width + x])]
      if reached < 0 { continue }
      let from = max(x - reached, filled)
      let to = min(x + reached, width - 1)
      if from <= to {
        unsafe (output + row * width + from).update(repeating: 255, count: to - from + 1)
        filled = to + 1
      }
    }
    // An interval may begin left of a shorter one that came before it.
    filled = width - 1
    for x in stride(from: width - 1, through: 0, by: -1) {
      let reached = unsafe extent[Int(vertical[row * width + x])]
      if reached < 0 { continue }
      let from = max(x - reached, 0)
      let to = min(x + reached, filled)
      if from <= to {
        unsafe (output + row * width + from).update(repeating: 255, count: to - from + 1)
        filled = from - 1
      }
    }
  }
  extendLifetime(columns)
  return result
}

/// For every pixel the distance up or down its column to the nearest set pixel, at most `far`.
func columnDistances(
  to mask: borrowing Tensor<UInt8>, region: ImageRegion, far: Int, kernels: KernelTable
) -> Tensor<UInt16> {
  precondition(
    region.rows.lowerBound >= 0 && region.rows.upperBound <= mask.height
      && region.columns.lowerBound >= 0 && region.columns.upperBound <= mask.width,
    "the region is within the mask")
  let width = region.width
  let maskStride = mask.rowStride
  var result = Tensor<UInt16>(uninitializedHeight: region.height, width: width, channels: 1)
  let beyond = [UInt16](repeating: UInt16(far), count: width)
  let (from, to) = unsafe (mask.pointer, result.mutablePointer)
  unsafe beyond.withUnsafeBufferPointer { beyond in
    guard let edge = beyond.baseAddress else { return }
    let table = unsafe kernels.table.pointee.image.pointee
    for row in 0..<region.height {
      _ = unsafe table.distance_down(
        from + (region.rows.lowerBound + row) * maskStride + region.columns.lowerBound,
        row == 0 ? edge : UnsafePointer(to + (row - 1) * width), UInt16(far), to + row * width,
        Int32(width))
    }
    for row in stride(from: region.height - 2, through: 0, by: -1) {
      _ = unsafe table.distance_up(
        to + (row + 1) * width, to + row * width, Int32(width))
    }
  }
  return result
}
