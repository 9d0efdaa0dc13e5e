import Kernels
import Tensors

/// A window whose hole is filled, and where each pixel of the fill was copied from.
public struct FilledWindow: ~Copyable {
  /// The filled window: four bytes a pixel, the first three RGB.
  let pixels: Tensor<UInt8>
  /// As `PatchLevel.origins`; nil where nothing was copied.
  let origins: Tensor<UInt8>?
  /// The window, in photo pixels.
  let region: ImageRegion

  /// Where a pixel was copied from, as a place in the window.
  func origin(row: Int, column: Int) -> (row: Int, column: Int)? {
    switch origins {
    case .some(let places):
      let low = Int(places[row, column, 0]) | Int(places[row, column, 1]) << 8
      let high = Int(places[row, column, 2]) | Int(places[row, column, 3]) << 8
      return (high, low)
    case .none: return nil
    }
  }
}
