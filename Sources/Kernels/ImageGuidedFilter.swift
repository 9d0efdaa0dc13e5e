public import Tensors

/// Moves the edges of a soft mask to the edges of a picture: the guided filter (He, Sun and Tang 2010)
/// with three colours as the guide.
///
/// In every square of 2 · `radius` + 1 pixels a side the mask is fitted as a linear function of the
/// colours; a pixel's result is the mean of the fits of the squares that hold it. Squares are cut off at
/// the picture's border.
///
/// - Parameters:
///   - mask: height × width × 1, any range.
///   - guide: height × width × 3.
///   - radius: In pixels, at least 1.
///   - smoothness: Variance of the colours (in units of 0 to 1) below which a square counts as flat.
/// - Returns: height × width × 1.
/// - Complexity: O(pixels), whatever the radius; 128 bytes a pixel of memory: meant for an object's
///   window at a working size, not for whole photos.
public func guidedFiltered(
  _ mask: borrowing Tensor<Float>, guide: borrowing Tensor<UInt8>, radius: Int,
  smoothness: Float = 1e-3
) -> Tensor<Float> {
  precondition(
    mask.channels == 1 && guide.channels == 3 && mask.height == guide.height
      && mask.width == guide.width && radius >= 1, "a mask needs a guide of its size")
  let (height, width) = (mask.height, mask.width)
  // Sixteen sums a pixel: colours, mask, mask times colours, products of colours; the last is 1.
  var moments = [SIMD16<Float>](repeating: .zero, count: height * width)
  let (values, colours) = (mask.span, guide.span)
  for index in moments.indices {
    let p = values[index]
    let r = Float(colours[3 * index]) / 255
    let g = Float(colours[3 * index + 1]) / 255
    let b = Float(colours[3 * index + 2]) / 255
    moments[index] = SIMD16(
      r, g, b, p, p * r, p * g, p * b, r * r, r * g, r * b, g * g, g * b, b * b, 1, 0, 0)
  }
  sumBoxes(&moments, height: height, width: width, radius: radius)
  for index in moments.indices {
    moments[index] = linearFit(moments[index] / moments[index][13], smoothness: smoothness)
  }
  sumBoxes(&moments, height: height, width: width, radius: radius)
  var result = Tensor<Float>(uninitializedHeight: height, width: width)
  var output = result.mutableSpan
  for index in moments.indices {
    let fit = moments[index] / moments[index][13]
    let r = Float(colours[3 * index]) / 255
    let g = Float(colours[3 * index + 1]) / 255
    let b = Float(colours[3 * index + 2]) / 255
    output[index] = fit[0] * r + fit[1] * g + fit[2] * b + fit[3]
  }
  return result
}

/// The coefficients (three colours, constant, …, 1) of the mask as a function of the colours, from the
/// means of a square.
private func linearFit(_ mean: SIMD16<Float>, smoothness: Float) -> SIMD16<Float> {
  let (r, g, b, p) = (mean[0], mean[1], mean[2], mean[3])
  let (pr, pg, pb) = (mean[4] - p * r, mean[5] - p * g, mean[6] - p * b)
  let rr = mean[7] - r * r + smoothness
  let rg = mean[8] - r * g
  let rb = mean[9] - r * b
  let gg = mean[10] - g * g + smoothness
  let gb = mean[11] - g * b
  let bb = mean[12] - b * b + smoothness
  // The inverse of a symmetric 3 × 3 matrix by its cofactors.
  let c00 = gg * bb - gb * gb
  let c01 = rb * gb - rg * bb
  let c02 = rg * gb - rb * gg
  let determinant = rr * c00 + rg * c01 + rb * c02
  let c11 = rr * bb - rb * rb
  let c12 = rg * rb - rr * gb
  let c22 = rr * gg - rg * rg
  let ar = (c00 * pr + c01 * pg + c02 * pb) / determinant
  let ag = (c01 * pr + c11 * pg + c12 * pb) / determinant
  let ab = (c02 * pr + c12 * pg + c22 * pb) / determinant
  var fit = SIMD16<Float>.zero
  fit[0] = ar
  fit[1] = ag
  fit[2] = ab
  fit[3] = p - ar * r - ag * g - ab * b
  fit[13] = 1
  return fit
}

/// Replaces every value by the sum over its square, by running sums along rows and then columns.
private func sumBoxes(
  _ values: inout [SIMD16<Float>], height: Int, width: Int, radius: Int
) {
  var line = [SIMD16<Float>](repeating: .zero, count: max(width, height))
  func run(from start: Int, step: Int, count: Int) {
    for k in 0..<count { line[k] = values[start + k * step] }
    var sum = SIMD16<Float>.zero
    for k in 0..<min(radius, count) { sum += line[k] }
    for k in 0..<count {
      if k + radius < count { sum += line[k + radius] }
      if k - radius - 1 >= 0 { sum -= line[k - radius - 1] }
      values[start + k * step] = sum
    }
  }
  for row in 0..<height { run(from: row * width, step: 1, count: width) }
  for column in 0..<width { run(from: column, step: width, count: height) }
}
