import Kernels
import Tensors

/// A graph of a network, planned for one picture size, ready to run again and again.
///
/// All values live in one arena, planned so that a value's memory is used again as soon as nothing reads
/// it any more. After the first run nothing is allocated and no lock is taken. A session is not to be
/// used by two threads at once; it itself uses up to `threads` threads.
public final class GraphSession {
  /// The pixels' height.
  public let height: Int
  /// The pixels' width.
  public let width: Int
  /// The most threads that a run uses.
  public let threads: Int
  /// Bytes of the arena.
  public var arenaByteCount: Int { arena.byteCount }

  private enum Place {
    case quantized(QuantizedPlanes)
    case real(offset: Int, height: Int, width: Int)
  }

  private let graph: Network.Graph
  private let arena: Arena
  private let places: [Place]
  private let plans: [any QuantizedPlan]
  private let sequence: PlanSequence

  /// Plans a graph.
  ///
  /// - Parameters:
  ///   - network: The network.
  ///   - name: The graph's name.
  ///   - height: The pixels' height, a multiple of `network.multiple` (of the input's `unshuffle`
  ///     where the graph goes on from an earlier one).
  ///   - width: The pixels' width, likewise.
  ///   - threads: The most threads that a run uses.
  ///   - earlier: The session whose values this graph reads, where it reads some.
  ///   - table: The kernels.
  public init(
    _ network: Network, graph name: String = "main", height: Int, width: Int, threads: Int = 1,
    after earlier: GraphSession? = nil, table: KernelTable? = nil
  ) throws(NetworkError) {
    guard let graph = network.graphs.first(where: { $0.description.name == name }) else {
      throw .unknownName(name)
    }
    // A graph that goes on from an earlier one takes that one's sizes; its own pixels need only fit.
    let multiple = graph.description.inputs.reduce(earlier == nil ? network.multiple : 1) {
      guard case .pixels(_, let unshuffle) = $1.source else { return $0 }
      return $0 % unshuffle == 0 ? $0 : $0 * unshuffle
    }
    guard height > 0, width > 0, height % multiple == 0, width % multiple == 0,
      height <= 1 << 14, width <= 1 << 14
    else {
      throw .badSize(
        "\(width)x\(height), and each side must be a multiple of \(multiple), at the most 16384")
    }
    let kernels: KernelTable
    if let table {
      kernels = table
    } else {
      do { _ = try InstructionSet.requested() } catch { throw .instructionSet(error) }
      kernels = .current
    }
    self.graph = graph
    self.height = height
    self.width = width
    self.threads = threads

    let memory = try MemoryPlan(graph, height: height, width: width, earlier: earlier)
    let arena = Arena(byteCount: memory.byteCount)
    self.arena = arena
    var places: [Place] = []
    for (index, value) in graph.description.values.enumerated() {
      guard let (layout, offset) = memory.places[index] else {
        throw .badGraph("value '\(value.name)' is never made")
      }
      if value.isReal {
        places.append(.real(offset: offset, height: layout.height, width: layout.width))
      } else {
        places.append(
          .quantized(
            QuantizedPlanes(layout, zeroPoint: value.zeroPoint, in: arena, at: offset)))
      }
    }
    self.places = places
    var plans: [any QuantizedPlan] = []
    for (node, weights) in zip(graph.description.nodes, graph.weights) {
      plans.append(
        try Self.plan(node, weights, graph.description, places, arena: arena, table: kernels))
    }
    self.plans = plans
    sequence = PlanSequence(plans, threads: threads)
  }

  /// The planned value of a name, for a later graph.
  func kept(_ name: String) -> QuantizedPlanes? {
    guard let index = graph.description.value(name), case .quantized(let planes) = places[index]
    else { return nil }
    return planes
  }

  /// Sets an input.
  ///
  /// The input stays set until it is set again, however often the graph runs.
  ///
  /// - Parameters:
  ///   - pixels: height × width × the input's channels, as bytes.
  ///   - name: The input's name; the first input by default.
  public func setInput(
    _ pixels: borrowing Tensor<UInt8>, named name: String? = nil
  ) throws(NetworkError) {
    let input = try self.input(named: name)
    guard case .pixels(let channels, let unshuffle) = input.source,
      case .quantized(let planes) = places[input.value]
    else { throw .unknownName(name ?? "pixels") }
    guard pixels.height == height, pixels.width == width, pixels.channels == channels else {
      throw .badSize(
        "\(pixels.width)x\(pixels.height) with \(pixels.channels) channels instead of "
          + "\(width)x\(height) with \(channels)")
    }
    pack(pixels, unshuffle: unshuffle, to: planes)
  }

  /// Sets every input that this graph reads from another one to the values of that one's last run.
  public func setInputs(from earlier: GraphSession) throws(NetworkError) {
    for input in graph.description.inputs {
      guard case .graph(earlier.graph.description.name) = input.source else { continue }
      let name = graph.description.values[input.value].name
      guard let source = earlier.kept(name), case .quantized(let planes) = places[input.value],
        source.layout.height == planes.layout.height, source.layout.width == planes.layout.width
      else { throw .unknownName(name) }
      planes.copy(from: source)
    }
  }

  /// Runs the graph on its inputs.
  public func run() {
    sequence.run()
  }

  /// Runs the graph and tells how long each node took, in order.
  public func runMeasured() -> [(node: String, duration: Duration)] {
    let clock = ContinuousClock()
    return zip(graph.description.nodes, plans).map { node, plan in
      let alone = PlanSequence([plan], threads: threads)
      return (node.name, clock.measure { alone.run() })
    }
  }

  /// An output of the last run as real numbers: height × width × the value's channels.
  ///
  /// - Parameter name: The output's name; the first output by default.
  public func output(_ name: String? = nil) throws(NetworkError) -> Tensor<Float> {
    let index = try outputIndex(name)
    let value = graph.description.values[index]
    switch places[index] {
    case .real(let offset, let height, let width):
      var result = Tensor<Float>(
        uninitializedHeight: height, width: width, channels: value.channels)
      copyChannels(from: arena, at: offset, padded: value.paddedChannels, to: &result)
      return result
    case .quantized(let planes):
      let stored = planes.tensor()
      var result = Tensor<Float>(
        uninitializedHeight: stored.height, width: stored.width, channels: stored.channels)
      let source = stored.span
      var target = result.mutableSpan
      for position in source.indices {
        target[position] = Float(Int(source[position]) - Int(value.zeroPoint)) * value.scale
      }
      return result
    }
  }

  /// A quantized output or kept value of the last run, as stored: height × width × channels.
  public func storedOutput(_ name: String? = nil) throws(NetworkError) -> Tensor<UInt8> {
    guard case .quantized(let planes) = places[try outputIndex(name)] else {
      throw .unknownName(name ?? "quantized output")
    }
    return planes.tensor()
  }

  private func outputIndex(_ name: String?) throws(NetworkError) -> Int {
    guard let name else { return graph.description.outputs[0] }
    guard let index = graph.description.value(name),
      graph.description.outputs.contains(index) || graph.isKept[index]
    else { throw .unknownName(name) }
    return index
  }

  private func input(named name: String?) throws(NetworkError) -> GraphDescription.Input {
    guard let name else {
      for input in graph.description.inputs {
        if case .pixels = input.source { return input }
      }
      throw .unknownName("pixels")
    }
    for input in graph.description.inputs
    where graph.description.values[input.value].name == name { return input }
    throw .unknownName(name)
  }

  private static func plan(
    _ node: GraphDescription.Node, _ weights: Network.Graph.Weights, _ graph: GraphDescription,
    _ places: [Place], arena: Arena, table: KernelTable
  ) throws(NetworkError) -> any QuantizedPlan {
    func planes(_ index: Int) throws(NetworkError) -> QuantizedPlanes {
      guard case .quantized(let planes) = places[index] else {
        throw .badGraph("node '\(node.name)' reads a value of real numbers")
      }
      return planes
    }
    let input = try planes(node.input)
    let range = OutputRange(
      lowest: node.lowest, highest: node.highest, zeroPoint: graph.values[node.output].zeroPoint)
    switch (node.operation, weights) {
    case (.convolution(let geometry, let residual, let scale), .convolution(let weights)):
      let output: ConvolutionPlan.Output
      switch places[node.output] {
      case .quantized(let planes): output = .quantized(planes, range)
      case .real(let offset, _, _): output = .real(arena, offset: offset)
      }
      var added: Residual?
      if let residual { added = Residual(try planes(residual), scale: scale) }
      return ConvolutionPlan(
        input, weights: weights, geometry: geometry, residual: added, output: output, table: table)
    case (.depthwise(let geometry), .depthwise(let weights)):
      return DepthwisePlan(
        input, weights: weights, geometry: geometry, output: try planes(node.output), range: range,
        table: table)
    case (.addition(let other, let mode, let aScale, let bScale), _):
      return AdditionPlan(
        input, scale: aScale, try planes(other), scale: bScale, mode: mode,
        output: try planes(node.output), range: range, table: table)
    case (.mean, _):
      return MeanPlan(input, output: try planes(node.output), table: table)
    case (.upsample2, _):
      return UpsamplePlan(input, output: try planes(node.output), table: table)
    default:
      throw .badGraph("node '\(node.name)' has no weights")
    }
  }
}
