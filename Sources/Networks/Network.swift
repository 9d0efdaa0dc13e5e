import CWeights
import Kernels
import Tensors

/// A trained network: its description, and its weights in place in its file.
///
/// The file is safetensors; its metadata key `efface` holds one JSON object with the graphs, the
/// quantization of every value, the figures and whatever else the network's user needs. Reading checks
/// everything that running relies on, so that a damaged file is refused here and never later.
public struct Network: Sendable {
  /// The networks inside the program.
  public enum Embedded: Sendable, CaseIterable {
    /// Fills holes.
    case inpainting
    /// Finds objects.
    case segmentation
  }

  /// The network's name.
  public let name: String
  /// The network's version.
  public let version: String
  /// The picture size that it was trained for, in pixels.
  public let inputSize: Int
  /// What a picture's height and width must be multiples of.
  public let multiple: Int
  /// Figures of the network: sizes, arithmetic, quality.
  public let card: JSON
  /// What else the network's user needs: class names, thresholds.
  public let parameters: JSON
  /// Bytes of the file.
  public let fileSize: Int

  let graphs: [Graph]

  /// A graph and its nodes' weights.
  struct Graph: Sendable {
    enum Weights: Sendable {
      case none
      case convolution(ConvolutionWeights)
      case depthwise(DepthwiseWeights)
    }

    let description: GraphDescription
    let weights: [Weights]
    /// Values that a later graph reads.
    var isKept: [Bool]
  }

  /// Reads a network from the bytes of its file, which are used in place.
  public init(_ bytes: ReadOnlyBytes) throws(NetworkError) {
    let file = try Safetensors(bytes)
    guard let text = file.metadata["efface"] else {
      throw .badGraph("the file is no network of this program: its metadata has no 'efface'")
    }
    let json = try Network.parse(text)
    guard let format = json["format_version"]?.integer else {
      throw .badGraph("the file says no format version")
    }
    guard format == 1 else { throw .newerFormat(format) }
    guard let name = json["name"]?.string, let version = json["version"]?.string,
      let inputSize = json["input_size"]?.integer, let multiple = json["multiple"]?.integer,
      (1...4096).contains(inputSize), (1...256).contains(multiple)
    else { throw .badGraph("the file lacks name, version, input size or multiple") }
    self.name = name
    self.version = version
    self.inputSize = inputSize
    self.multiple = multiple
    card = json["card"] ?? .object([:])
    parameters = json["parameters"] ?? .object([:])
    fileSize = bytes.count

    var descriptions: [GraphDescription] = []
    var graphs: [Graph] = []
    for graph in json["graphs"]?.array ?? [] {
      let description = try GraphDescription(graph, earlier: descriptions)
      var weights: [Graph.Weights] = []
      for node in description.nodes {
        weights.append(try Network.weights(of: node, in: description, file: file))
      }
      graphs.append(
        Graph(
          description: description, weights: weights,
          isKept: description.values.map { _ in false }))
      descriptions.append(description)
      for case .graph(let source) in description.inputs.map(\.source) {
        guard let index = graphs.firstIndex(where: { $0.description.name == source }) else {
          continue
        }
        for input in description.inputs {
          guard case .graph(source) = input.source,
            let value = graphs[index].description.value(description.values[input.value].name)
          else { continue }
          graphs[index].isKept[value] = true
        }
      }
    }
    guard !graphs.isEmpty else { throw .badGraph("the file has no graphs") }
    self.graphs = graphs
  }

  /// Reads a network from a copy of the bytes of its file.
  public init(copying bytes: Span<UInt8>) throws(NetworkError) {
    try self.init(ReadOnlyBytes(copying: bytes))
  }

  /// A network inside the program.
  public static func embedded(_ network: Embedded) throws(NetworkError) -> Network {
    switch network {
    case .inpainting:
      return try Network(
        unsafe ReadOnlyBytes(
          immortal: UnsafeRawBufferPointer(start: efw_inpainting, count: efw_inpainting_size)))
    case .segmentation:
      return try Network(
        unsafe ReadOnlyBytes(
          immortal: UnsafeRawBufferPointer(
            start: efw_segmentation, count: efw_segmentation_size)))
    }
  }

  /// Whether a graph has this name.
  public func hasGraph(_ name: String) -> Bool {
    graphs.contains { $0.description.name == name }
  }

  private static func parse(_ text: String) throws(NetworkError) -> JSON {
    let utf8 = Array(text.utf8)
    return try JSON(utf8.span)
  }

  private static func weights(
    of node: GraphDescription.Node, in graph: GraphDescription, file: Safetensors
  ) throws(NetworkError) -> Graph.Weights {
    let name = node.name
    let input = graph.values[node.input].paddedChannels
    let output = graph.values[node.output].paddedChannels
    switch node.operation {
    case .convolution(let geometry, _, _):
      let kernel = geometry.kernel
      let columns = try file.array(
        "\(name).columns", type: "U16", shape: [nil], of: UInt16.self, alignment: 2)
      guard
        let weights = ConvolutionWeights(
          kernel: kernel, inputChannels: input, outputChannels: output,
          blocks: try file.array(
            "\(name).weights", type: "I8", shape: [columns.count, 16, 4], of: Int8.self),
          columns: columns,
          rows: try file.array(
            "\(name).rows", type: "U32", shape: [output / 16 + 1], of: UInt32.self, alignment: 4),
          bias: try file.array("\(name).bias", type: "I32", shape: [output], of: Int32.self),
          scale: try file.array("\(name).scale", type: "F32", shape: [output], of: Float.self))
      else { throw .badGraph("the weights of node '\(name)' contradict each other") }
      return .convolution(weights)
    case .depthwise(let geometry):
      let kernel = geometry.kernel
      guard
        let weights = DepthwiseWeights(
          kernel: kernel, channels: output,
          taps: try file.array(
            "\(name).weights", type: "I8",
            shape: [output / 16, kernel, (kernel + 3) / 4, 16, 4], of: Int8.self),
          bias: try file.array("\(name).bias", type: "I32", shape: [output], of: Int32.self),
          scale: try file.array("\(name).scale", type: "F32", shape: [output], of: Float.self))
      else { throw .badGraph("the weights of node '\(name)' contradict each other") }
      return .depthwise(weights)
    default:
      return .none
    }
  }
}
