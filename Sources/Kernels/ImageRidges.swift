import CKernels
public import Tensors

/// The derivatives of a picture under a Gaussian of one pixel, for finding thin lines (Steger 1998, "An
/// Unbiased Detector of Curvilinear Structures", section 2).
public struct RidgeDerivatives: ~Copyable {
  /// Five pictures, one below the other: xx, xy, yy, x and y, in 64ths of a level.
  public let values: Tensor<Int16>
  /// Of every pixel the magnitude of the second derivative where it is largest, in 16ths of a level, at most
  /// 255.
  public let strengths: Tensor<UInt8>

  /// - Parameter picture: One channel; edges count as repeated.
  /// - Complexity: O(pixels).
  public init(of picture: borrowing Tensor<UInt8>, threads: Int, kernels: KernelTable = .current) {
    precondition(picture.channels == 1, "a picture of brightness has one channel")
    let (height, width) = (picture.height, picture.width)
    var values = Tensor<Int16>(uninitializedHeight: 5 * height, width: width)
    var strengths = Tensor<UInt8>(uninitializedHeight: height, width: width)
    let table = unsafe kernels.table.pointee.image.pointee
    nonisolated(unsafe) let levels = unsafe picture.pointer
    nonisolated(unsafe) let (results, strong) = unsafe (
      values.mutablePointer, strengths.mutablePointer
    )
    inRows(width > 0 ? height : 0, threads: threads) { rows in
      var scratch = [Float](repeating: 0, count: 3 * (width + 6))
      for y in rows {
        let lines = unsafe (-3...3).map {
          unsafe levels + max(0, min(height - 1, y + $0)) * width
        }
        _ = unsafe table.ridge_row(
          lines, &scratch, results + y * width, height * width, strong + y * width, Int32(width))
      }
    }
    self.values = values
    self.strengths = strengths
  }
}
