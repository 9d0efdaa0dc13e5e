import CKernels
import Tensors

/// How a quantized activation lies in memory: planes of 16 channels, inside each plane rows of pixels,
/// each pixel 16 bytes, and around the picture a border that holds the zero point.
///
/// The pixel stride is 16 bytes whatever the number of channels, which is what lets the kernels'
/// addresses be compile-time constants. Channels up to the next multiple of 16 are padding.
public struct PlaneLayout: Hashable, Sendable {
  /// Rows of the picture.
  public let height: Int
  /// Columns of the picture.
  public let width: Int
  /// Channels that mean something.
  public let channels: Int
  /// Pixels around the picture.
  public let border: Int

  /// Describes an activation.
  ///
  /// - Precondition: No number is negative.
  public init(height: Int, width: Int, channels: Int, border: Int) {
    precondition(height >= 0 && width >= 0 && channels >= 0 && border >= 0)
    self.height = height
    self.width = width
    self.channels = channels
    self.border = border
  }

  /// Groups of 16 channels.
  public var planes: Int { (channels + 15) / 16 }
  /// Bytes from one row to the next.
  public var rowBytes: Int { (width + 2 * border) * 16 }
  /// Bytes from one plane to the next.
  ///
  /// Not a multiple of 1024: a pixel's planes would share few sets of the first-level cache.
  public var planeBytes: Int {
    let bytes = (height + 2 * border) * rowBytes
    return bytes % 1024 == 0 ? bytes + 64 : bytes
  }
  /// Bytes of all planes and of the slack that kernels may read behind them.
  public var byteCount: Int { planes * planeBytes + 256 }

  /// The offset of a pixel of the picture (or, with negative numbers, of the border).
  public func offset(plane: Int = 0, row: Int, column: Int) -> Int {
    plane * planeBytes + (row + border) * rowBytes + (column + border) * 16
  }
}

/// A quantized activation in an arena: a real value is (stored − zero point) · scale.
public struct QuantizedPlanes: Sendable {
  /// Shape and strides.
  public let layout: PlaneLayout
  /// The stored value that means zero.
  public let zeroPoint: UInt8

  let arena: Arena
  let offset: Int

  /// Places an activation at a byte offset of an arena.
  ///
  /// - Precondition: It lies inside the arena.
  public init(_ layout: PlaneLayout, zeroPoint: UInt8, in arena: Arena, at offset: Int = 0) {
    precondition(
      offset >= 0 && offset + layout.byteCount <= arena.byteCount, "planes outside the arena")
    self.layout = layout
    self.zeroPoint = zeroPoint
    self.arena = arena
    self.offset = offset
  }

  /// Makes an activation in an arena of its own.
  public init(_ layout: PlaneLayout, zeroPoint: UInt8) {
    self.init(layout, zeroPoint: zeroPoint, in: Arena(byteCount: layout.byteCount))
  }

  /// Makes an activation with a tensor's contents and a border of zero points.
  public init(_ tensor: borrowing Tensor<UInt8>, border: Int, zeroPoint: UInt8) {
    self.init(
      PlaneLayout(
        height: tensor.height, width: tensor.width, channels: tensor.channels, border: border),
      zeroPoint: zeroPoint)
    let layout = self.layout
    for plane in 0..<layout.planes {
      for row in 0..<layout.height {
        for column in 0..<layout.width {
          let start = layout.offset(plane: plane, row: row, column: column)
          for channel in plane * 16..<min(plane * 16 + 16, layout.channels) {
            unsafe pixel(0)[start + channel % 16] = tensor[row, column, channel]
          }
        }
      }
    }
    fillBorder(rows: 0..<layout.height, planes: 0..<layout.planes)
  }

  /// The stored values, without border and padding.
  public func tensor() -> Tensor<UInt8> {
    var result = Tensor<UInt8>(
      uninitializedHeight: layout.height, width: layout.width, channels: layout.channels)
    for row in 0..<layout.height {
      for column in 0..<layout.width {
        for channel in 0..<layout.channels {
          let start = layout.offset(plane: channel / 16, row: row, column: column)
          result[row, column, channel] = unsafe pixel(start)[channel % 16]
        }
      }
    }
    return result
  }

  /// The address of a byte offset (of `PlaneLayout.offset(plane:row:column:)`).
  func pixel(_ start: Int) -> UnsafeMutablePointer<UInt8> {
    unsafe arena.withUnsafeElements(of: UInt8.self, at: offset, count: layout.byteCount) {
      unsafe ($0.baseAddress.unsafelyUnwrapped + start)
    }
  }

  /// The address of the picture's first pixel.
  var picture: UnsafeMutablePointer<UInt8> { unsafe pixel(layout.offset(row: 0, column: 0)) }

  /// Sets the border beside some rows of some planes, above the first row and below the last one, to
  /// the zero point.
  func fillBorder(rows: Range<Int>, planes: Range<Int>) {
    guard layout.border > 0 else { return }
    unsafe efk_fill_border(
      pixel(0), layout.planeBytes, Int32(layout.height), Int32(layout.width),
      Int32(layout.border), zeroPoint, Int32(rows.lowerBound), Int32(rows.upperBound),
      Int32(planes.lowerBound),
      Int32(planes.upperBound))
  }

  /// Copies the pixels of an activation of the same size and channels, whose border may differ.
  public func copy(from other: QuantizedPlanes) {
    precondition(
      layout.height == other.layout.height && layout.width == other.layout.width
        && layout.planes == other.layout.planes && zeroPoint == other.zeroPoint,
      "activations of different shapes")
    for plane in 0..<layout.planes {
      for row in 0..<layout.height {
        unsafe pixel(layout.offset(plane: plane, row: row, column: 0)).update(
          from: other.pixel(other.layout.offset(plane: plane, row: row, column: 0)),
          count: layout.width * 16)
      }
    }
    fillBorder(rows: 0..<layout.height, planes: 0..<layout.planes)
  }
}

/// The range of an operation's stored output and the value that means zero.
///
/// A rectified output is one whose range starts at its zero point.
public struct OutputRange: Hashable, Sendable {
  /// The least stored value.
  public let lowest: UInt8
  /// The greatest stored value.
  public let highest: UInt8
  /// The stored value that means zero.
  public let zeroPoint: UInt8

  /// Describes a range.
  ///
  /// - Precondition: `lowest` is at the most `highest`.
  public init(lowest: UInt8 = 0, highest: UInt8 = 255, zeroPoint: UInt8) {
    precondition(lowest <= highest, "an empty range")
    self.lowest = lowest
    self.highest = highest
    self.zeroPoint = zeroPoint
  }

  /// The least real value over the scale.
  var low: Float { Float(Int(lowest) - Int(zeroPoint)) }
  /// The greatest real value over the scale.
  var high: Float { Float(Int(highest) - Int(zeroPoint)) }

  /// The definition of quantization: clamp, round to the nearest (ties to even), add the zero point.
  public func quantize(_ value: Float) -> UInt8 {
    let clamped = min(max(value, low), high)
    return UInt8(Int(clamped.rounded(.toNearestOrEven)) + Int(zeroPoint))
  }
}
