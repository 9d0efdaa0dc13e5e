import Kernels
import Tensors

/// The size of a picture scaled down, never up, so that its longer side has at most `longSide` pixels.
func fittedSize(width: Int, height: Int, longSide: Int) -> (width: Int, height: Int) {
  let longest = max(width, height)
  if longest <= longSide { return (width, height) }
  return (
    max(1, (width * longSide + longest / 2) / longest),
    max(1, (height * longSide + longest / 2) / longest)
  )
}

extension Tensor where Element == UInt8 {
  /// A copy at another size; every output pixel is the mean of the area that it covers.
  func scaled(width: Int, height: Int) -> Tensor<UInt8> {
    if width == self.width, height == self.height { return copy() }
    return resized(self, height: height, width: width, filter: .area)
  }

  /// A copy scaled down, never up, so that its longer side has at most `longSide` pixels.
  func fitted(longSide: Int) -> Tensor<UInt8> {
    let size = fittedSize(width: width, height: height, longSide: longSide)
    return scaled(width: size.width, height: size.height)
  }
}
