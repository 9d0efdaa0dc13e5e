import CKernels
public import Tensors

/// A picture that is not known everywhere: four bytes a pixel, and where they hold.
public struct PartialImage: ~Copyable {
  /// Height + 1 rows of four bytes a pixel: kernels read a little behind the last row.
  public var pixels: Tensor<UInt8>
  /// 255 where a pixel is known, 0 elsewhere.
  public var known: Tensor<UInt8>
  /// 255 where nothing is to be copied from, though it is known; `nil` for nowhere.
  public var barred: Tensor<UInt8>?

  /// Makes a picture from its pixels and where they are known.
  ///
  /// - Precondition: `pixels` has four channels, and one row more than `known`.
  public init(pixels: consuming Tensor<UInt8>, known: consuming Tensor<UInt8>) {
    precondition(
      pixels.channels == 4 && known.channels == 1 && pixels.height == known.height + 1
        && pixels.width == known.width, "a partial image has four channels and a row to spare")
    self.pixels = pixels
    self.known = known
  }

  /// Rows, without the spare one.
  public var height: Int { known.height }
  /// Columns.
  public var width: Int { known.width }

  /// The picture at half the size, rounded up: means of the known ones among two by two pixels.
  ///
  /// - Parameter needed: How many of the four must be known for the mean to be: 4 keeps unknown
  ///   pixels' surroundings unknown, 1 keeps whatever is known.
  public func halved(
    needed: Int, threads: Int = 1, kernels: KernelTable = .current
  ) -> PartialImage {
    let (height, width) = (height, width)
    let (halfHeight, halfWidth) = ((height + 1) / 2, (width + 1) / 2)
    var half = Tensor<UInt8>(height: halfHeight + 1, width: halfWidth, channels: 4, repeating: 0)
    var halfKnown = Tensor<UInt8>(uninitializedHeight: halfHeight, width: halfWidth)
    let table = unsafe kernels.table.pointee.image.pointee
    nonisolated(unsafe) let (source, sourceKnown) = unsafe (pixels.pointer, known.pointer)
    nonisolated(unsafe) let target = unsafe half.mutablePointer
    nonisolated(unsafe) let targetKnown = unsafe halfKnown.mutablePointer
    inRows(halfHeight, threads: threads) { rows in
      _ = unsafe table.halve(
        source, width * 4, sourceKnown, Int32(width), Int32(height), Int32(needed), target,
        halfWidth * 4, targetKnown, Int32(rows.lowerBound), Int32(rows.upperBound))
    }
    var image = PartialImage(pixels: half, known: halfKnown)
    image.barred = halvedBar()
    return image
  }

  /// What is barred at half the size: wherever one of two by two pixels is.
  private func halvedBar() -> Tensor<UInt8>? {
    switch barred {
    case .none: return nil
    case .some(let barred):
      var half = Tensor<UInt8>(
        height: (height + 1) / 2, width: (width + 1) / 2, channels: 1, repeating: 0)
      for y in 0..<height {
        for x in 0..<width where barred[y, x] != 0 { half[y / 2, x / 2] = 255 }
      }
      return half
    }
  }

  /// Gives every unknown pixel a smooth colour from its surroundings.
  ///
  /// Known pixels are averaged down a pyramid, and holes filled from it on the way up (pull-push,
  /// after the lumigraph of Gortler and others, 1996). Where nothing is known nothing changes;
  /// `known` stays as it is.
  public mutating func fillSmoothly(threads: Int = 1, kernels: KernelTable = .current) {
    let (height, width) = (height, width)
    if height <= 1 && width <= 1 { return }
    var half = halved(needed: 1, threads: threads, kernels: kernels)
    half.fillSmoothly(threads: threads, kernels: kernels)
    let (halfHeight, halfWidth) = (half.height, half.width)
    let table = unsafe kernels.table.pointee.image.pointee
    nonisolated(unsafe) let (target, isKnown) = unsafe (pixels.mutablePointer, known.pointer)
    nonisolated(unsafe) let source = unsafe half.pixels.pointer
    inRows(height, threads: threads) { rows in
      for y in rows {
        _ = unsafe table.push(
          target, width * 4, isKnown, Int32(width), source, halfWidth * 4, Int32(halfWidth),
          Int32(halfHeight), Int32(y))
      }
    }
    extendLifetime(half)
  }
}
