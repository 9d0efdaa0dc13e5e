import CKernels
import Tensors

/// How a sum reads its second summand.
public enum AdditionMode: Int32, Sendable, CaseIterable {
  /// It has the output's size.
  case same
  /// It has half the output's height and width (rounded up) and is read twice each way.
  case nearest2
  /// It is one pixel.
  case broadcast
}

/// The sum of two quantized activations: the definition.
///
/// Two multiplications and one addition, each rounded by itself; scales are over the output's.
///
/// - Returns: Real values over the output's scale.
public func referenceAddition(
  _ a: borrowing Tensor<UInt8>, zeroPoint aZero: UInt8, scale aScale: Float,
  _ b: borrowing Tensor<UInt8>, zeroPoint bZero: UInt8, scale bScale: Float, mode: AdditionMode
) -> Tensor<Float> {
  var output = Tensor<Float>(
    height: a.height, width: a.width, channels: a.channels, repeating: 0)
  for y in 0..<a.height {
    for x in 0..<a.width {
      for channel in 0..<a.channels {
        let other: UInt8
        switch mode {
        case .same: other = b[y, x, channel]
        case .nearest2: other = b[y / 2, x / 2, channel]
        case .broadcast: other = b[0, 0, channel]
        }
        let first = Float(Int(a[y, x, channel]) - Int(aZero)) * aScale
        let second = Float(Int(other) - Int(bZero)) * bScale
        output[y, x, channel] = first + second
      }
    }
  }
  return output
}

/// A sum with everything settled.
@safe
public final class AdditionPlan: QuantizedPlan, @unchecked Sendable {
  /// Output rows.
  public let rows: Int
  /// Output blocks of 16 channels.
  public let blocks: Int
  /// What decides the split among threads.
  public let work: Int

  private let table: KernelTable
  private let kept: (QuantizedPlanes, QuantizedPlanes)
  private let output: QuantizedPlanes
  private let plan: UnsafeMutablePointer<efk_add>

  /// Settles a sum.
  ///
  /// - Precondition: Shapes fit each other and the mode.
  public init(
    _ a: QuantizedPlanes, scale aScale: Float, _ b: QuantizedPlanes, scale bScale: Float,
    mode: AdditionMode, output: QuantizedPlanes, range: OutputRange,
    table: KernelTable = .current
  ) {
    let (height, width) = (a.layout.height, a.layout.width)
    let wanted: (Int, Int)
    switch mode {
    case .same: wanted = (height, width)
    case .nearest2: wanted = ((height + 1) / 2, (width + 1) / 2)
    case .broadcast: wanted = (1, 1)
    }
    precondition(
      (b.layout.height, b.layout.width) == wanted && b.layout.planes == a.layout.planes
        && output.layout.height == height && output.layout.width == width
        && output.layout.planes == a.layout.planes && output.zeroPoint == range.zeroPoint,
      "the shapes do not fit each other")
    rows = height
    blocks = a.layout.planes
    work = height * width * blocks * 8
    self.table = table
    kept = (a, b)
    self.output = output
    unsafe plan = .allocate(capacity: 1)
    unsafe plan.initialize(
      to: efk_add(
        a: UnsafePointer(a.picture), a_row: a.layout.rowBytes,
        a_plane: a.layout.planeBytes,
        b: UnsafePointer(b.picture), b_row: b.layout.rowBytes,
        b_plane: b.layout.planeBytes, mode: efk_add_mode(rawValue: mode.rawValue),
        a_zero_point: Int32(a.zeroPoint), b_zero_point: Int32(b.zeroPoint), a_scale: aScale,
        b_scale: bScale, output: output.picture,
        output_row: output.layout.rowBytes, output_plane: output.layout.planeBytes,
        width: Int32(width), lo: range.low, hi: range.high, zero_point: Int32(range.zeroPoint)))
  }

  deinit { unsafe plan.deallocate() }

  /// Makes some output rows of some blocks, and returns the instruction set that ran.
  @discardableResult
  public func run(rows: Range<Int>, blocks: Range<Int>) -> InstructionSet {
    let ran = unsafe table.quantized.add(
      plan, Int32(rows.lowerBound), Int32(rows.upperBound), Int32(blocks.lowerBound),
      Int32(blocks.upperBound))
    output.fillBorder(rows: rows, planes: blocks)
    return InstructionSet(ran)
  }
}
