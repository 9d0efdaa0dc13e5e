import CKernels
import Tensors

/// A convolution's shape: a square kernel, the same both ways.
public struct ConvolutionGeometry: Hashable, Sendable {
  /// Taps a side.
  public let kernel: Int
  /// Input pixels from one output pixel to the next: 1 or 2.
  public let stride: Int
  /// Input pixels from one tap to the next.
  public let dilation: Int
  /// How far above and left of the first input pixel the first tap of the first output pixel lies.
  public let padding: Int

  /// Describes a convolution.
  ///
  /// - Precondition: The stride is 1 or 2, the others are positive, the padding not negative.
  public init(kernel: Int, stride: Int = 1, dilation: Int = 1, padding: Int) {
    precondition(kernel > 0 && (1...2).contains(stride) && dilation > 0 && padding >= 0)
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
  }

  /// The border that an input must have so that no tap leaves its memory.
  public var border: Int { max(padding, dilation * (kernel - 1) - padding) }

  /// Output pixels for a number of input pixels: a half, rounded up, for stride 2.
  public func outputSize(_ inputSize: Int) -> Int { (inputSize + stride - 1) / stride }
}

/// A convolution's weights, in place in a network file: blocks of 16 output by 4 input channels.
///
/// Absent blocks are zero. The dense layer is the one where no block is absent: there is one mechanism.
public struct ConvolutionWeights: Sendable {
  /// Output channels, a multiple of 16.
  public let outputChannels: Int
  /// Input channels, a multiple of 16.
  public let inputChannels: Int
  /// Block after block: 16 output channels of 4 input channels each.
  public let blocks: ReadOnlyArray<Int8>
  /// For each block: (tap row · kernel + tap column) · (input channels / 4) + input channel / 4.
  public let columns: ReadOnlyArray<UInt16>
  /// For each 16 output channels the number of its first block; one more ends the last.
  public let rows: ReadOnlyArray<UInt32>
  /// One for each output channel; the input's zero point is already in it.
  public let bias: ReadOnlyArray<Int32>
  /// Real output over the output's scale, for a sum of one: one for each output channel.
  public let scale: ReadOnlyArray<Float>

  /// Gathers the parts of a layer, or gives `nil` where they do not fit each other.
  ///
  /// - Parameter kernel: Taps a side.
  public init?(
    kernel: Int, inputChannels: Int, outputChannels: Int, blocks: ReadOnlyArray<Int8>,
    columns: ReadOnlyArray<UInt16>, rows: ReadOnlyArray<UInt32>, bias: ReadOnlyArray<Int32>,
    scale: ReadOnlyArray<Float>
  ) {
    guard kernel > 0, inputChannels > 0, outputChannels > 0, inputChannels % 16 == 0,
      outputChannels % 16 == 0, inputChannels <= 32_768 / (kernel * kernel),
      columns.count <= blocks.count / 64, blocks.count == columns.count * 64,
      rows.count == outputChannels / 16 + 1, bias.count == outputChannels,
      scale.count == outputChannels, rows[0] == 0, Int(rows[rows.count - 1]) == columns.count
    else { return nil }
    for row in 1..<rows.count where rows[row] < rows[row - 1] { return nil }
    let limit = kernel * kernel * inputChannels / 4
    let spans = (columns.span, bias.span, scale.span)
    for position in 0..<columns.count where Int(spans.0[position]) >= limit { return nil }
    for channel in 0..<outputChannels
    where !isExact(spans.2[channel], bias: spans.1[channel], taps: limit * 4) { return nil }
    self.outputChannels = outputChannels
    self.inputChannels = inputChannels
    self.blocks = blocks
    self.columns = columns
    self.rows = rows
    self.bias = bias
    self.scale = scale
  }

  /// For each 16 output channels and each tap the number of its first block, and one more that ends the last;
  /// `nil` where blocks are not in this order, or there is one tap.
  func taps(kernel: Int) -> [UInt32]? {
    guard kernel > 1 else { return nil }
    let groups = inputChannels / 4
    var firsts: [UInt32] = []
    firsts.reserveCapacity((rows.count - 1) * kernel * kernel + 1)
    let columns = columns.span
    for row in 0..<rows.count - 1 {
      let end = Int(rows[row + 1])
      var position = Int(rows[row])
      for tap in 0..<kernel * kernel {
        firsts.append(UInt32(position))
        while position < end, Int(columns[position]) / groups == tap { position += 1 }
      }
      if position < end { return nil }
    }
    firsts.append(rows[rows.count - 1])
    return firsts
  }
}

/// Whether sums of so many products stay within 31 bits, scaled too, so that every path is exact: a
/// processor may round before it clamps.
func isExact(_ scale: Float, bias: Int32, taps: Int) -> Bool {
  let greatest = abs(Int(bias)) + taps * 255 * 128
  return greatest < 1 << 31 && (Float(greatest) * scale).magnitude < 0x1p29
}

/// What a convolution adds to its sums before the clamp.
public struct Residual: Sendable {
  /// An activation of the output's size.
  public let planes: QuantizedPlanes
  /// The activation's scale over the output's.
  public let scale: Float

  /// Describes a residual.
  ///
  /// - Precondition: The scale is below 2^20.
  public init(_ planes: QuantizedPlanes, scale: Float) {
    precondition(scale.magnitude < 0x1p20, "a residual out of proportion")
    self.planes = planes
    self.scale = scale
  }
}

/// A quantized convolution: the definition, which every kernel equals bit by bit.
///
/// Sums of products of unsigned activations and signed weights, times a scale for each output channel,
/// plus the residual; multiply and add are rounded apart. Taps outside the picture read the zero point.
///
/// - Returns: Real values over the output's scale, height × width × output channels.
public func referenceConvolution(
  _ input: borrowing Tensor<UInt8>, zeroPoint: UInt8, weights: ConvolutionWeights,
  geometry: ConvolutionGeometry, residual: Residual? = nil
) -> Tensor<Float> {
  let groups = weights.inputChannels / 4
  let added = residual?.planes.tensor() ?? Tensor(height: 0, width: 0, repeating: 0)
  var output = Tensor<Float>(
    height: geometry.outputSize(input.height), width: geometry.outputSize(input.width),
    channels: weights.outputChannels, repeating: 0)
  for y in 0..<output.height {
    for x in 0..<output.width {
      for channel in 0..<output.channels {
        var sum = weights.bias[channel]
        for block in Int(weights.rows[channel / 16])..<Int(weights.rows[channel / 16 + 1]) {
          let column = Int(weights.columns[block])
          let (tap, group) = column.quotientAndRemainder(dividingBy: groups)
          let (ky, kx) = tap.quotientAndRemainder(dividingBy: geometry.kernel)
          let row = y * geometry.stride - geometry.padding + ky * geometry.dilation
          let col = x * geometry.stride - geometry.padding + kx * geometry.dilation
          let isInside = row >= 0 && row < input.height && col >= 0 && col < input.width
          for i in 0..<4 {
            let value = isInside ? input[row, col, group * 4 + i] : zeroPoint
            sum += Int32(value) * Int32(weights.blocks[block * 64 + channel % 16 * 4 + i])
          }
        }
        var value = Float(sum) * weights.scale[channel]
        if let residual {
          let difference = Int(added[y, x, channel]) - Int(residual.planes.zeroPoint)
          value += Float(difference) * residual.scale
        }
        output[y, x, channel] = value
      }
    }
  }
  return output
}

/// A convolution with everything settled.
@safe
public final class ConvolutionPlan: QuantizedPlan, @unchecked Sendable {
  /// Where a convolution's result goes.
  public enum Output: Sendable {
    /// Clamped and rounded, to planes.
    case quantized(QuantizedPlanes, OutputRange)
    /// As it is, to an arena: rows, columns and all output channels, interleaved.
    case real(Arena, offset: Int)
  }

  /// Output rows.
  public let rows: Int
  /// Output blocks of 16 channels.
  public let blocks: Int
  /// What decides the split among threads.
  public let work: Int

  private let table: KernelTable
  private let kept: (ConvolutionWeights, QuantizedPlanes, Residual?, Output)
  private let plan: UnsafeMutablePointer<efk_conv>
  private let offsets: UnsafeMutablePointer<Int32>
  private let taps: UnsafeMutablePointer<UInt32>?
  private let order: UnsafeMutablePointer<UInt32>?
  private let kinds: UnsafeMutablePointer<UInt32>?
  private let alike: UnsafeMutablePointer<UInt8>
  private let correction: UnsafeMutablePointer<Int32>?

  /// Settles a convolution.
  ///
  /// - Precondition: The input's border is at least the geometry's, and shapes fit each other.
  public init(
    _ input: QuantizedPlanes, weights: ConvolutionWeights, geometry: ConvolutionGeometry,
    residual: Residual? = nil, output: Output, table: KernelTable = .current
  ) {
    let layout = input.layout
    let (height, width) = (
      geometry.outputSize(layout.height), geometry.outputSize(layout.width)
    )
    precondition(layout.planes * 16 == weights.inputChannels, "channels differ")
    precondition(layout.border >= geometry.border, "the input's border is too narrow")
    rows = height
    blocks = weights.outputChannels / 16
    work = height * width * weights.columns.count
    self.table = table
    kept = (weights, input, residual, output)

    // Where each block reads, from a pixel's first tap.
    let groups = weights.inputChannels / 4
    let columns = weights.columns.span
    unsafe offsets = .allocate(capacity: columns.count + 1)
    var tapOffsets = [Int32](repeating: 0, count: geometry.kernel * geometry.kernel * groups)
    for (index, _) in tapOffsets.enumerated() {
      let (tap, group) = index.quotientAndRemainder(dividingBy: groups)
      let (ky, kx) = tap.quotientAndRemainder(dividingBy: geometry.kernel)
      tapOffsets[index] = Int32(
        group / 4 * layout.planeBytes + ky * geometry.dilation * layout.rowBytes
          + kx * geometry.dilation * 16 + group % 4 * 4)
    }
    if let arrange = unsafe table.quantized.arrange {
      let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: columns.count + 1)
      let counts = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * blocks)
      for block in 0..<blocks {
        let (first, end) = (weights.rows[block], weights.rows[block + 1])
        unsafe arrange(
          weights.blocks.baseAddress, first, end, numbers + Int(first), counts + 2 * block)
      }
      for position in columns.indices {
        unsafe offsets[position] = tapOffsets[Int(columns[Int(numbers[position])])]
      }
      unsafe (order, kinds) = (numbers, counts)
    } else {
      for position in columns.indices {
        unsafe offsets[position] = tapOffsets[Int(columns[position])]
      }
      unsafe (order, kinds) = (nil, nil)
    }

    // Where the border is zero, taps that read nothing else can be left out.
    if input.zeroPoint == 0, let firsts = weights.taps(kernel: geometry.kernel) {
      unsafe taps = .allocate(capacity: firsts.count)
      unsafe taps?.initialize(from: firsts, count: firsts.count)
    } else {
      unsafe taps = nil
    }

    // Rows with the same columns share what they load.
    unsafe alike = .allocate(capacity: blocks)
    for block in (0..<blocks).reversed() {
      let first = Int(weights.rows[block])
      let count = Int(weights.rows[block + 1]) - first
      var isAlike = block + 1 < blocks && Int(weights.rows[block + 2]) - first == 2 * count
      if isAlike {
        for position in first..<first + count
        where columns[position] != columns[position + count] {
          isAlike = false
          break
        }
      }
      unsafe alike[block] = isAlike ? (alike[block + 1] == 255 ? 255 : alike[block + 1] + 1) : 1
    }

    if table.instructionSet == .neon {
      let sums = UnsafeMutablePointer<Int32>.allocate(capacity: weights.outputChannels)
      let values = weights.blocks.span
      for channel in 0..<weights.outputChannels {
        var sum: Int32 = 0
        for block in Int(weights.rows[channel / 16])..<Int(weights.rows[channel / 16 + 1]) {
          for i in 0..<4 { sum += Int32(values[block * 64 + channel % 16 * 4 + i]) }
        }
        unsafe sums[channel] = sum * 128
      }
      unsafe correction = sums
    } else {
      unsafe correction = nil
    }

    let target: QuantizedPlanes?
    var clamp: OutputRange?
    var real: UnsafeMutablePointer<Float>?
    switch output {
    case .quantized(let planes, let range):
      precondition(
        planes.layout.height == height && planes.layout.width == width
          && planes.layout.planes == blocks && planes.zeroPoint == range.zeroPoint,
        "the output's shape differs")
      (target, clamp) = (planes, range)
    case .real(let arena, let offset):
      target = nil
      unsafe real = arena.withUnsafeElements(
        of: Float.self, at: offset, count: height * width * weights.outputChannels
      ) { $0.baseAddress }
    }
    let added = residual?.planes
    if let added {
      precondition(
        added.layout.height == height && added.layout.width == width
          && added.layout.planes == blocks, "the residual's shape differs")
    }
    unsafe plan = .allocate(capacity: 1)
    unsafe plan.initialize(
      to: efk_conv(
        input: UnsafePointer(
          input.pixel(layout.offset(row: -geometry.padding, column: -geometry.padding))),
        input_row: geometry.stride * layout.rowBytes,
        input_share: geometry.stride * layout.rowBytes * layout.planes,
        stride: Int32(geometry.stride),
        width: Int32(width), weights: weights.blocks.baseAddress,
        offsets: UnsafePointer(offsets), rows: weights.rows.baseAddress,
        taps: taps.map { unsafe UnsafePointer($0) }, kernel: Int32(geometry.kernel),
        dilation: Int32(geometry.dilation), padding: Int32(geometry.padding),
        height: Int32(layout.height),
        order: order.map { unsafe UnsafePointer($0) },
        kinds: kinds.map { unsafe UnsafePointer($0) },
        alike: UnsafePointer(alike), bias: weights.bias.baseAddress,
        correction: correction.map { unsafe UnsafePointer($0) },
        scale: weights.scale.baseAddress, output: target?.picture,
        output_row: target?.layout.rowBytes ?? 0, output_plane: target?.layout.planeBytes ?? 0,
        output_f32: real, output_f32_row: width * weights.outputChannels,
        output_f32_pixel: weights.outputChannels,
        residual: added.map { unsafe UnsafePointer($0.picture) },
        residual_row: added?.layout.rowBytes ?? 0, residual_plane: added?.layout.planeBytes ?? 0,
        residual_zero_point: Int32(added?.zeroPoint ?? 0), residual_scale: residual?.scale ?? 0,
        lo: clamp?.low ?? 0, hi: clamp?.high ?? 0, zero_point: Int32(clamp?.zeroPoint ?? 0)))
  }

  deinit {
    unsafe plan.deallocate()
    unsafe offsets.deallocate()
    unsafe taps?.deallocate()
    unsafe order?.deallocate()
    unsafe kinds?.deallocate()
    unsafe alike.deallocate()
    unsafe correction?.deallocate()
  }

  /// Makes some output rows of some blocks, and returns the instruction set that ran.
  @discardableResult
  public func run(rows: Range<Int>, blocks: Range<Int>) -> InstructionSet {
    let ran = unsafe table.quantized.conv(
      plan, Int32(rows.lowerBound), Int32(rows.upperBound), Int32(blocks.lowerBound),
      Int32(blocks.upperBound))
    if case .quantized(let planes, _) = kept.3 { planes.fillBorder(rows: rows, planes: blocks) }
    return InstructionSet(ran)
  }
}
