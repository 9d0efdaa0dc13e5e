import Tensors
import Testing

@testable import Kernels

/// Every quantized operation equals its Swift reference in every bit, on every instruction set that
/// this machine runs, for shapes around the kernels' tiles.
@Suite struct QuantizedTests {
  /// A shape, printed where it fails.
  struct Shape: Sendable, CustomTestStringConvertible {
    var height: Int
    var width: Int
    var input = 16
    var output = 16
    var kernel = 3
    var stride = 1
    var dilation = 1
    var density = 1.0
    var isReal = false
    var hasResidual = false

    var testDescription: String {
      "\(height)x\(width), \(input)→\(output) channels, \(kernel)x\(kernel) stride \(stride) "
        + "dilation \(dilation), \(Int(density * 100)) % stored"
        + (isReal ? ", real" : "") + (hasResidual ? ", residual" : "")
    }

    var geometry: ConvolutionGeometry {
      ConvolutionGeometry(
        kernel: kernel, stride: stride, dilation: dilation, padding: dilation * (kernel / 2))
    }
  }

  static let widths = [
    0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17, 23, 24, 25, 31, 33, 47, 65, 100,
  ]

  static let convolutions: [Shape] = {
    var shapes: [Shape] = []
    for width in widths {
      shapes.append(Shape(height: 3, width: width, density: 0.5))
      shapes.append(Shape(height: 5, width: width, output: 64, kernel: 1))
      shapes.append(Shape(height: 3, width: width, kernel: 1, stride: 2, density: 0.6))
    }
    for height in [0, 1, 2, 3, 4, 5, 7, 8, 9] {
      shapes.append(
        Shape(height: height, width: 8, output: 48, density: 0.7, hasResidual: true))
      shapes.append(Shape(height: height, width: 6, input: 32, output: 32, stride: 2))
    }
    for channels in [16, 32, 48, 64, 80] {
      for isReal in [true, false] {
        shapes.append(
          Shape(
            height: 2, width: 13, input: 32, output: channels, kernel: 1, isReal: isReal,
            hasResidual: true))
      }
    }
    // Rows that several output channels' blocks share, with a border on one side, on both, and on none.
    for width in [1, 2, 3, 4, 5, 8, 11, 12, 13, 24, 25, 36] {
      shapes.append(Shape(height: 4, width: width, output: 32))
      shapes.append(Shape(height: 3, width: width, output: 48, hasResidual: true))
    }
    shapes.append(Shape(height: 9, width: 9, dilation: 2, density: 0.4))
    shapes.append(Shape(height: 6, width: 12, input: 32, dilation: 4, density: 0.4))
    shapes.append(Shape(height: 4, width: 4, input: 256, kernel: 1))
    shapes.append(Shape(height: 2, width: 5, input: 512, output: 32, density: 0.1))
    shapes.append(Shape(height: 4, width: 10, output: 64, density: 0))
    shapes.append(Shape(height: 3, width: 12, kernel: 5, density: 0.5))
    shapes.append(Shape(height: 2, width: 28, output: 32, isReal: true))
    return shapes
  }()

  /// Where the zero point is 0, tap rows outside the picture may be left out.
  @Test(arguments: convolutions, [0, 77] as [UInt8])
  func convolution(shape: Shape, zeroPoint: UInt8) throws {
    var random = Random(seed: 1)
    let image = random.tensor(shape.height, shape.width, shape.input)
    let made = random.weights(shape)
    let weights = try #require(made)
    let geometry = shape.geometry
    let (height, width) = (
      geometry.outputSize(shape.height), geometry.outputSize(shape.width)
    )
    let input = QuantizedPlanes(image, border: geometry.border + 1, zeroPoint: zeroPoint)
    let residual =
      shape.hasResidual
      ? Residual(
        QuantizedPlanes(
          random.tensor(height, width, shape.output), border: 2, zeroPoint: random.byte()),
        scale: 0.71) : nil
    let expected = referenceConvolution(
      image, zeroPoint: zeroPoint, weights: weights, geometry: geometry, residual: residual)
    let ranges = [
      OutputRange(zeroPoint: 0), OutputRange(lowest: 90, highest: 200, zeroPoint: 90),
      OutputRange(lowest: 3, highest: 250, zeroPoint: 128),
    ]
    for table in Self.tables {
      let set = table.instructionSet
      if shape.isReal {
        let count = height * width * shape.output
        let arena = Arena(byteCount: count * 4 + 256)
        let plan = ConvolutionPlan(
          input, weights: weights, geometry: geometry, residual: residual,
          output: .real(arena, offset: 0), table: table)
        #expect(plan.run() == set)
        var result = Tensor<Float>(
          height: height, width: width, channels: shape.output, repeating: 7)
        copyChannels(from: arena, at: 0, padded: shape.output, to: &result)
        let (a, b) = (result.span, expected.span)
        #expect(a.indices.count { a[$0].bitPattern != b[$0].bitPattern } == 0, "\(set)")
        continue
      }
      for range in ranges {
        let layout = PlaneLayout(
          height: height, width: width, channels: shape.output, border: 1)
        let output = QuantizedPlanes(layout, zeroPoint: range.zeroPoint)
        let plan = ConvolutionPlan(
          input, weights: weights, geometry: geometry, residual: residual,
          output: .quantized(output, range), table: table)
        #expect(plan.run() == set)
        #expect(differences(output, expected, range) == 0, "\(set) \(range)")
        #expect(hasWholeBorder(output), "\(set)")
      }
    }
  }

  static let depthwises: [Shape] = {
    var shapes: [Shape] = []
    for width in widths {
      shapes.append(Shape(height: 3, width: width))
      shapes.append(Shape(height: 2, width: width, kernel: 5))
      shapes.append(Shape(height: 4, width: width, stride: 2))
      shapes.append(Shape(height: 5, width: width, kernel: 5, stride: 2))
    }
    for height in [0, 1, 2, 3, 4, 5, 7] {
      shapes.append(Shape(height: height, width: 6, input: 48))
      shapes.append(Shape(height: height, width: 6, input: 48, stride: 2))
    }
    return shapes
  }()

  static let tables = InstructionSet.available.compactMap { KernelTable($0) }

  @Test(arguments: depthwises)
  func depthwise(shape: Shape) throws {
    var random = Random(seed: 2)
    let zeroPoint: UInt8 = random.byte()
    let image = random.tensor(shape.height, shape.width, shape.input)
    let made = random.depthwiseWeights(shape)
    let weights = try #require(made)
    let geometry = shape.geometry
    let expected = referenceDepthwise(
      image, zeroPoint: zeroPoint, weights: weights, geometry: geometry)
    let input = QuantizedPlanes(image, border: geometry.border, zeroPoint: zeroPoint)
    for table in Self.tables {
      let set = table.instructionSet
      for range in [
        OutputRange(zeroPoint: 0), OutputRange(lowest: 20, highest: 230, zeroPoint: 120),
      ] {
        let output = QuantizedPlanes(
          PlaneLayout(
            height: expected.height, width: expected.width, channels: shape.input, border: 2),
          zeroPoint: range.zeroPoint)
        let plan = DepthwisePlan(
          input, weights: weights, geometry: geometry, output: output, range: range, table: table)
        #expect(plan.run() == set)
        #expect(differences(output, expected, range) == 0, "\(set) \(range)")
        #expect(hasWholeBorder(output), "\(set)")
      }
    }
  }

  @Test(arguments: AdditionMode.allCases, [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33])
  func addition(mode: AdditionMode, width: Int) throws {
    var random = Random(seed: 3)
    for height in [0, 1, 2, 3, 8] {
      let a = random.tensor(height, width, 32)
      let b: Tensor<UInt8>
      switch mode {
      case .same: b = random.tensor(height, width, 32)
      case .nearest2: b = random.tensor((height + 1) / 2, (width + 1) / 2, 32)
      case .broadcast: b = random.tensor(1, 1, 32)
      }
      let (za, zb) = (random.byte(), random.byte())
      let range = OutputRange(lowest: 10, highest: 240, zeroPoint: 100)
      let expected = referenceAddition(
        a, zeroPoint: za, scale: 0.613, b, zeroPoint: zb, scale: 1.37, mode: mode)
      for table in Self.tables {
        let set = table.instructionSet
        let output = QuantizedPlanes(
          PlaneLayout(height: height, width: width, channels: 32, border: 1),
          zeroPoint: range.zeroPoint)
        let plan = AdditionPlan(
          QuantizedPlanes(a, border: 1, zeroPoint: za), scale: 0.613,
          QuantizedPlanes(b, border: 0, zeroPoint: zb), scale: 1.37, mode: mode, output: output,
          range: range, table: table)
        #expect(plan.run() == set)
        #expect(differences(output, expected, range) == 0, "\(set) height \(height)")
        #expect(hasWholeBorder(output), "\(set)")
      }
    }
  }

  @Test(arguments: [0, 1, 2, 3, 5, 8, 17, 64], [0, 1, 3, 16])
  func meanAndUpsampling(width: Int, height: Int) throws {
    var random = Random(seed: 4)
    let image = random.tensor(height, width, 48)
    let input = QuantizedPlanes(image, border: 1, zeroPoint: 77)
    let mean = referenceMean(image, zeroPoint: 77)
    let upsampled = referenceUpsample2(image, height: 2 * height, width: 2 * width)
    for table in Self.tables {
      let set = table.instructionSet
      let one = QuantizedPlanes(
        PlaneLayout(height: 1, width: 1, channels: 48, border: 0), zeroPoint: 77)
      #expect(MeanPlan(input, output: one, table: table).run() == set)
      let isSameMean = same(one.tensor(), mean)
      #expect(isSameMean, "\(set)")
      let large = QuantizedPlanes(
        PlaneLayout(height: 2 * height, width: 2 * width, channels: 48, border: 1), zeroPoint: 77)
      #expect(UpsamplePlan(input, output: large, table: table).run() == set)
      let isSameUpsampled = same(large.tensor(), upsampled)
      #expect(isSameUpsampled, "\(set)")
      #expect(hasWholeBorder(large), "\(set)")
    }
  }

  @Test(arguments: [(3, 1), (4, 1), (4, 4), (3, 2), (1, 4), (2, 2), (4, 3)])
  func packing(channels: Int, unshuffle: Int) throws {
    var random = Random(seed: 5)
    for (height, width) in [(0, 0), (1, 1), (2, 3), (3, 9), (2, 17)] {
      let pixels = random.tensor(height * unshuffle, width * unshuffle, channels)
      let expected = referenceUnshuffle(pixels, factor: unshuffle)
      for table in Self.tables {
        let set = table.instructionSet
        let planes = QuantizedPlanes(
          PlaneLayout(
            height: height, width: width, channels: channels * unshuffle * unshuffle, border: 1),
          zeroPoint: 128)
        let ran = pack(pixels, unshuffle: unshuffle, to: planes, table: table)
        #expect(ran == set)
        let isSamePacked = same(planes.tensor(), expected)
        #expect(isSamePacked, "\(set) \(height)x\(width)")
        #expect(hasWholeBorder(planes), "\(set)")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5])
  func isTheSameOnAnyNumberOfThreads(threads: Int) throws {
    var random = Random(seed: 6)
    for (height, width) in [(64, 40), (8, 200), (3, 300)] {
      let shape = Shape(height: height, width: width, input: 32, output: 96, density: 0.5)
      let made = random.weights(shape)
      let weights = try #require(made)
      let input = QuantizedPlanes(random.tensor(height, width, 32), border: 1, zeroPoint: 9)
      let range = OutputRange(zeroPoint: 50)
      let layout = PlaneLayout(height: height, width: width, channels: 96, border: 1)
      let (alone, together) = (
        QuantizedPlanes(layout, zeroPoint: 50), QuantizedPlanes(layout, zeroPoint: 50)
      )
      for (output, count) in [(alone, 1), (together, threads)] {
        let plan = ConvolutionPlan(
          input, weights: weights, geometry: shape.geometry, output: .quantized(output, range))
        PlanSequence([plan], threads: count).run()
      }
      let isSame = same(alone.tensor(), together.tensor())
      #expect(isSame)
      #expect(hasWholeBorder(together))
    }
  }

  @Test func refusesWeightsThatContradictEachOther() throws {
    var random = Random(seed: 7)
    let shape = Shape(height: 1, width: 1, input: 16, output: 32, kernel: 1)
    let made = random.weights(shape)
    let good = try #require(made)
    func make(
      columns: [UInt16]? = nil, rows: [UInt32]? = nil, bias: Int32 = 0, scale: Float = 0.1
    ) -> ConvolutionWeights? {
      ConvolutionWeights(
        kernel: 1, inputChannels: 16, outputChannels: 32, blocks: good.blocks,
        columns: columns.map { ReadOnlyArray($0) } ?? good.columns,
        rows: rows.map { ReadOnlyArray($0) } ?? good.rows,
        bias: ReadOnlyArray([Int32](repeating: bias, count: 32)),
        scale: ReadOnlyArray([Float](repeating: scale, count: 32)))
    }
    #expect(make() != nil)
    #expect(make(columns: [0, 1, 2, 3, 0, 1, 2, 4]) == nil)
    #expect(make(columns: [0, 1, 2, 3]) == nil)
    #expect(make(rows: [0, 9, 8]) == nil)
    #expect(make(rows: [1, 4, 8]) == nil)
    #expect(make(rows: [0, 4, 7]) == nil)
    #expect(make(scale: .nan) == nil)
    #expect(make(scale: .infinity) == nil)
    #expect(make(scale: 1e6) == nil)
    #expect(make(bias: .max) == nil)
    #expect(make(bias: .min) == nil)
  }

  // MARK: - Comparison

  private func differences(
    _ planes: QuantizedPlanes, _ expected: borrowing Tensor<Float>, _ range: OutputRange
  ) -> Int {
    let stored = planes.tensor()
    let (a, b) = (stored.span, expected.span)
    guard a.count == b.count else { return .max }
    return a.indices.count { a[$0] != range.quantize(b[$0]) }
  }

  private func same(_ a: borrowing Tensor<UInt8>, _ b: borrowing Tensor<UInt8>) -> Bool {
    let (x, y) = (a.span, b.span)
    return a.height == b.height && a.width == b.width && x.count == y.count
      && x.indices.allSatisfy { x[$0] == y[$0] }
  }

  /// Whether the border around each plane holds the zero point.
  private func hasWholeBorder(_ planes: QuantizedPlanes) -> Bool {
    let layout = planes.layout
    let rows = -layout.border..<layout.height + layout.border
    let columns = -layout.border..<layout.width + layout.border
    for plane in 0..<layout.planes {
      for row in rows {
        for column in columns {
          let isInside = (0..<layout.height).contains(row) && (0..<layout.width).contains(column)
          if isInside { continue }
          let pixel = unsafe planes.pixel(layout.offset(plane: plane, row: row, column: column))
          for channel in 0..<16 where unsafe pixel[channel] != planes.zeroPoint { return false }
        }
      }
    }
    return true
  }
}

/// Numbers that are the same in every run.
private struct Random {
  var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Extremes are as likely as all the rest: they are what saturating arithmetic gets wrong.
  mutating func weight() -> Int8 {
    switch next() % 4 {
    case 0: return 127
    case 1: return -127
    default: return Int8(Int(next() % 255) - 127)
    }
  }

  /// A block of weights of which a kernel may take some its fast ways, some just not.
  ///
  /// Of two thirds, neighbours' products just fit 16 bits whatever they are multiplied by, alone or together
  /// with those of another such block; but in half of these blocks, one pair's do not.
  mutating func block() -> [Int8] {
    let kind = next() % 6
    if kind < 2 { return (0..<64).map { _ in weight() } }
    let most = kind < 4 ? 128 : 64
    let limit = [
      (most / 2, most / 2), (-most / 2, -most / 2), (most - 1, 1), (-1, 1 - most),
      (most - 1, 1 - most), (0, -most),
    ]
    var block = (0..<32).flatMap { _ in
      let pair = limit[Int(next() % 6)]
      return [Int8(pair.0), Int8(pair.1)]
    }
    if kind % 2 == 1 {
      let (position, sign) = (Int(next() % 32) * 2, Int(next() % 2) * 2 - 1)
      block[position] = Int8((most / 2 + 1) * sign)
      block[position + 1] = Int8(most / 2 * sign)
    }
    return block
  }

  mutating func tensor(_ height: Int, _ width: Int, _ channels: Int) -> Tensor<UInt8> {
    var tensor = Tensor<UInt8>(height: height, width: width, channels: channels, repeating: 0)
    var span = tensor.mutableSpan
    for position in span.indices {
      let value = next()
      span[position] = value & 0x300 == 0 ? 255 : UInt8(truncatingIfNeeded: value)
    }
    return tensor
  }

  mutating func biasAndScale(_ count: Int, taps: Int) -> ([Int32], [Float]) {
    let bias = (0..<count).map { _ in Int32(truncatingIfNeeded: next() % 20_000) - 10_000 }
    let scale = (0..<count).map { _ in Float(0.2 + unit()) / Float(taps) / 60 }
    return (bias, scale)
  }

  mutating func weights(_ shape: QuantizedTests.Shape) -> ConvolutionWeights? {
    let taps = shape.kernel * shape.kernel
    var columns: [UInt16] = []
    var rows: [UInt32] = [0]
    for _ in 0..<shape.output / 16 {
      for column in 0..<taps * shape.input / 4 where unit() < shape.density {
        columns.append(UInt16(column))
      }
      rows.append(UInt32(columns.count))
    }
    let blocks = (0..<columns.count).flatMap { _ in block() }
    let (bias, scale) = biasAndScale(shape.output, taps: taps * shape.input)
    return ConvolutionWeights(
      kernel: shape.kernel, inputChannels: shape.input, outputChannels: shape.output,
      blocks: ReadOnlyArray(blocks), columns: ReadOnlyArray(columns), rows: ReadOnlyArray(rows),
      bias: ReadOnlyArray(bias), scale: ReadOnlyArray(scale))
  }

  /// Weights of which a kernel may take the fast way for some tap columns, just not for others.
  ///
  /// In two thirds of the columns no two weights sum to more than 128, but in half of those for two of a
  /// channel's.
  mutating func depthwiseWeights(_ shape: QuantizedTests.Shape) -> DepthwiseWeights? {
    let quads = (shape.kernel + 3) / 4
    let taps = (0..<shape.input / 16 * shape.kernel).flatMap { _ in
      let (kind, large) = (next() % 3, next() % 16)
      return (0..<quads * 64).map { position in
        if position / 64 * 4 + position % 4 >= shape.kernel { return Int8(0) }
        if kind == 0 { return weight() }
        let sign: Int8 = next() % 2 == 0 ? 1 : -1
        return (kind == 2 && position % 64 / 4 == large ? 65 : 64) * sign
      }
    }
    let (bias, scale) = biasAndScale(shape.input, taps: shape.kernel * shape.kernel)
    return DepthwiseWeights(
      kernel: shape.kernel, channels: shape.input, taps: ReadOnlyArray(taps),
      bias: ReadOnlyArray(bias), scale: ReadOnlyArray(scale))
  }
}
