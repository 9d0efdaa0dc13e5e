import CKernels
import Tensors

/// The average of each channel over the picture: the definition.
///
/// The integer nearest to the average of the stored values, ties up; scale and zero point stay. The
/// average of an empty picture is the zero point.
public func referenceMean(_ input: borrowing Tensor<UInt8>, zeroPoint: UInt8) -> Tensor<UInt8> {
  let count = input.height * input.width
  var output = Tensor<UInt8>(
    height: 1, width: 1, channels: input.channels, repeating: zeroPoint)
  for channel in 0..<input.channels where count > 0 {
    var sum = 0
    for y in 0..<input.height {
      for x in 0..<input.width { sum += Int(input[y, x, channel]) }
    }
    output[0, 0, channel] = UInt8((2 * sum + count) / (2 * count))
  }
  return output
}

/// Each pixel twice each way: the definition.
public func referenceUpsample2(
  _ input: borrowing Tensor<UInt8>, height: Int, width: Int
) -> Tensor<UInt8> {
  var output = Tensor<UInt8>(
    height: height, width: width, channels: input.channels, repeating: 0)
  for y in 0..<height {
    for x in 0..<width {
      for channel in 0..<input.channels {
        output[y, x, channel] = input[y / 2, x / 2, channel]
      }
    }
  }
  return output
}

/// Pixels gathered into channels, in the order channel, row, column: the definition.
///
/// - Returns: height / factor × width / factor × channels · factor².
public func referenceUnshuffle(
  _ pixels: borrowing Tensor<UInt8>, factor: Int
) -> Tensor<UInt8> {
  var output = Tensor<UInt8>(
    height: pixels.height / factor, width: pixels.width / factor,
    channels: pixels.channels * factor * factor, repeating: 0)
  for y in 0..<output.height {
    for x in 0..<output.width {
      for channel in 0..<output.channels {
        let (source, place) = channel.quotientAndRemainder(dividingBy: factor * factor)
        output[y, x, channel] =
          pixels[
            y * factor + place / factor, x * factor + place % factor, source]
      }
    }
  }
  return output
}

/// An average over the picture, with everything settled.
@safe
public final class MeanPlan: QuantizedPlan, @unchecked Sendable {
  /// Output rows.
  public var rows: Int { 1 }
  /// Output blocks of 16 channels.
  public let blocks: Int
  /// What decides the split among threads.
  public let work: Int

  private let table: KernelTable
  private let input: QuantizedPlanes
  private let output: QuantizedPlanes

  /// Settles an average.
  ///
  /// - Precondition: The output is one pixel with the input's channels and zero point, and the input
  ///   has at the most 2^22 pixels.
  public init(_ input: QuantizedPlanes, output: QuantizedPlanes, table: KernelTable = .current) {
    precondition(
      output.layout.height == 1 && output.layout.width == 1
        && output.layout.planes == input.layout.planes && output.zeroPoint == input.zeroPoint
        && input.layout.height * input.layout.width <= 1 << 22,
      "the shapes do not fit each other")
    blocks = input.layout.planes
    work = input.layout.height * input.layout.width * blocks / 2
    self.table = table
    self.input = input
    self.output = output
  }

  /// Makes some output rows of some blocks, and returns the instruction set that ran.
  @discardableResult
  public func run(rows: Range<Int>, blocks: Range<Int>) -> InstructionSet {
    var ran = table.instructionSet
    for block in blocks where !rows.isEmpty {
      ran = unsafe InstructionSet(
        table.quantized.mean(
          UnsafePointer(input.pixel(input.layout.offset(plane: block, row: 0, column: 0))),
          input.layout.rowBytes, Int32(input.layout.height), Int32(input.layout.width),
          Int32(input.zeroPoint),
          output.pixel(output.layout.offset(plane: block, row: 0, column: 0))))
    }
    output.fillBorder(rows: rows, planes: blocks)
    return ran
  }
}

/// A doubling of the picture, with everything settled.
@safe
public final class UpsamplePlan: QuantizedPlan, @unchecked Sendable {
  /// Output rows.
  public let rows: Int
  /// Output blocks of 16 channels.
  public let blocks: Int
  /// What decides the split among threads.
  public let work: Int

  private let table: KernelTable
  private let input: QuantizedPlanes
  private let output: QuantizedPlanes

  /// Settles a doubling.
  ///
  /// - Precondition: The output is twice as high and wide as the input, or one less.
  public init(_ input: QuantizedPlanes, output: QuantizedPlanes, table: KernelTable = .current) {
    precondition(
      (output.layout.height + 1) / 2 == input.layout.height
        && (output.layout.width + 1) / 2 == input.layout.width
        && output.layout.planes == input.layout.planes && output.zeroPoint == input.zeroPoint,
      "the shapes do not fit each other")
    rows = output.layout.height
    blocks = output.layout.planes
    work = rows * output.layout.width * blocks
    self.table = table
    self.input = input
    self.output = output
  }

  /// Makes some output rows of some blocks, and returns the instruction set that ran.
  @discardableResult
  public func run(rows: Range<Int>, blocks: Range<Int>) -> InstructionSet {
    var ran = table.instructionSet
    for block in blocks {
      for row in rows {
        ran = unsafe InstructionSet(
          table.quantized.upsample2(
            UnsafePointer(input.pixel(input.layout.offset(plane: block, row: row / 2, column: 0))),
            output.pixel(output.layout.offset(plane: block, row: row, column: 0)),
            Int32(output.layout.width)))
      }
    }
    output.fillBorder(rows: rows, planes: blocks)
    return ran
  }
}

/// Interleaved pixels to planes, `unshuffle` × `unshuffle` pixels to one.
///
/// Channels up to the next multiple of 16 become zero.
///
/// - Precondition: The planes have the pixels' size over `unshuffle`, rounded down, and as many planes
///   as channels · unshuffle² channels need.
@discardableResult
public func pack(
  _ pixels: borrowing Tensor<UInt8>, unshuffle: Int, to output: QuantizedPlanes,
  table: KernelTable = .current
) -> InstructionSet {
  let layout = output.layout
  precondition(
    unshuffle > 0 && layout.height == pixels.height / unshuffle
      && layout.width == pixels.width / unshuffle
      && layout.planes == (pixels.channels * unshuffle * unshuffle + 15) / 16,
    "the planes' shape does not fit the pixels")
  let rowStride = pixels.rowStride
  let channels = pixels.channels
  let ran = unsafe pixels.withUnsafeBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return table.instructionSet }
    var plan = unsafe efk_pack(
      input: start, input_row: rowStride, channels: Int32(channels),
      unshuffle: Int32(unshuffle), output: output.pixel(layout.offset(row: 0, column: 0)),
      output_row: layout.rowBytes, output_plane: layout.planeBytes, width: Int32(layout.width))
    return InstructionSet(unsafe table.quantized.pack(&plan, 0, Int32(layout.height)))
  }
  output.fillBorder(rows: 0..<layout.height, planes: 0..<layout.planes)
  return ran
}

/// Copies the first channels of real numbers that lie interleaved in an arena.
///
/// - Precondition: The arena holds height · width · `padded` numbers from the byte offset on, and
///   `padded` is at least the tensor's channels.
public func copyChannels(
  from arena: Arena, at offset: Int, padded: Int, to tensor: inout Tensor<Float>
) {
  let channels = tensor.channels
  precondition(padded >= channels)
  let pixels = tensor.height * tensor.width
  unsafe tensor.withUnsafeMutableBufferPointer { target in
    unsafe arena.withUnsafeElements(of: Float.self, at: offset, count: pixels * padded) { source in
      for pixel in 0..<pixels {
        for channel in 0..<channels {
          unsafe target[pixel * channels + channel] = source[pixel * padded + channel]
        }
      }
    }
  }
}
