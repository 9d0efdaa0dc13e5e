import CKernels
import Tensors

/// The weights of a convolution of each channel by itself, in place in a network file.
public struct DepthwiseWeights: Sendable {
  /// Channels, a multiple of 16.
  public let channels: Int
  /// Taps a side.
  public let kernel: Int
  /// For each 16 channels, for each tap column, for each 4 tap rows: 16 channels of 4 taps.
  public let taps: ReadOnlyArray<Int8>
  /// One for each channel; the input's zero point is already in it.
  public let bias: ReadOnlyArray<Int32>
  /// Real output over the output's scale, for a sum of one: one for each channel.
  public let scale: ReadOnlyArray<Float>

  /// Gathers the parts of a layer, or gives `nil` where they do not fit each other.
  public init?(
    kernel: Int, channels: Int, taps: ReadOnlyArray<Int8>, bias: ReadOnlyArray<Int32>,
    scale: ReadOnlyArray<Float>
  ) {
    guard kernel == 3 || kernel == 5, channels > 0, channels % 16 == 0,
      taps.count == channels * kernel * ((kernel + 3) / 4) * 4, bias.count == channels,
      scale.count == channels
    else { return nil }
    let spans = (bias.span, scale.span)
    for channel in 0..<channels
    where !isExact(spans.1[channel], bias: spans.0[channel], taps: kernel * kernel) { return nil }
    // Taps below the kernel's last row are padding: kernels rely on their being zero.
    let quads = (kernel + 3) / 4
    let values = taps.span
    for position in 0..<taps.count
    where position / 64 % quads * 4 + position % 4 >= kernel && values[position] != 0 {
      return nil
    }
    self.channels = channels
    self.kernel = kernel
    self.taps = taps
    self.bias = bias
    self.scale = scale
  }

  /// The weight of a channel's tap.
  func tap(channel: Int, row: Int, column: Int) -> Int8 {
    let quads = (kernel + 3) / 4
    return taps[
      (((channel / 16 * kernel + column) * quads + row / 4) * 16 + channel % 16) * 4 + row % 4]
  }
}

/// A quantized convolution of each channel by itself: the definition.
///
/// - Returns: Real values over the output's scale.
public func referenceDepthwise(
  _ input: borrowing Tensor<UInt8>, zeroPoint: UInt8, weights: DepthwiseWeights,
  geometry: ConvolutionGeometry
) -> Tensor<Float> {
  var output = Tensor<Float>(
    height: geometry.outputSize(input.height), width: geometry.outputSize(input.width),
    channels: weights.channels, repeating: 0)
  for y in 0..<output.height {
    for x in 0..<output.width {
      for channel in 0..<output.channels {
        var sum = weights.bias[channel]
        for ky in 0..<geometry.kernel {
          for kx in 0..<geometry.kernel {
            let row = y * geometry.stride - geometry.padding + ky
            let col = x * geometry.stride - geometry.padding + kx
            let isInside = row >= 0 && row < input.height && col >= 0 && col < input.width
            let value = isInside ? input[row, col, channel] : zeroPoint
            sum += Int32(value) * Int32(weights.tap(channel: channel, row: ky, column: kx))
          }
        }
        output[y, x, channel] = Float(sum) * weights.scale[channel]
      }
    }
  }
  return output
}

/// A convolution of each channel by itself, with everything settled.
@safe
public final class DepthwisePlan: QuantizedPlan, @unchecked Sendable {
  /// Output rows.
  public let rows: Int
  /// Output blocks of 16 channels.
  public let blocks: Int
  /// What decides the split among threads.
  public let work: Int

  private let table: KernelTable
  private let kept: (DepthwiseWeights, QuantizedPlanes)
  private let output: QuantizedPlanes
  private let plan: UnsafeMutablePointer<efk_depthwise>

  /// Settles a convolution.
  ///
  /// - Precondition: The dilation is 1, the input's border is at least the geometry's, and shapes fit
  ///   each other.
  public init(
    _ input: QuantizedPlanes, weights: DepthwiseWeights, geometry: ConvolutionGeometry,
    output: QuantizedPlanes, range: OutputRange, table: KernelTable = .current
  ) {
    let layout = input.layout
    rows = geometry.outputSize(layout.height)
    let width = geometry.outputSize(layout.width)
    blocks = weights.channels / 16
    precondition(
      geometry.dilation == 1 && geometry.kernel == weights.kernel && layout.planes == blocks
        && layout.border >= geometry.border, "the input does not fit the layer")
    precondition(
      output.layout.height == rows && output.layout.width == width
        && output.layout.planes == blocks && output.zeroPoint == range.zeroPoint,
      "the output's shape differs")
    work = rows * width * blocks * geometry.kernel * geometry.kernel / 2
    self.table = table
    kept = (weights, input)
    self.output = output
    unsafe plan = .allocate(capacity: 1)
    unsafe plan.initialize(
      to: efk_depthwise(
        input: UnsafePointer(
          input.pixel(layout.offset(row: -geometry.padding, column: -geometry.padding))),
        input_row: layout.rowBytes, input_plane: layout.planeBytes,
        stride: Int32(geometry.stride), kernel: Int32(geometry.kernel), width: Int32(width),
        weights: weights.taps.baseAddress, bias: weights.bias.baseAddress,
        scale: weights.scale.baseAddress,
        output: output.picture,
        output_row: output.layout.rowBytes, output_plane: output.layout.planeBytes,
        lo: range.low, hi: range.high, zero_point: Int32(range.zeroPoint)))
  }

  deinit { unsafe plan.deallocate() }

  /// Makes some output rows of some blocks, and returns the instruction set that ran.
  @discardableResult
  public func run(rows: Range<Int>, blocks: Range<Int>) -> InstructionSet {
    let ran = unsafe table.quantized.depthwise(
      plan, Int32(rows.lowerBound), Int32(rows.upperBound), Int32(blocks.lowerBound),
      Int32(blocks.upperBound))
    output.fillBorder(rows: rows, planes: blocks)
    return InstructionSet(ran)
  }
}
