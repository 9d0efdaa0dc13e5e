import Kernels

/// A graph as the file describes it: checked for sense, not yet for weights.
struct GraphDescription: Sendable {
  struct Value: Sendable {
    let name: String
    /// Channels as the file says; outputs may have a number that is no multiple of 16.
    let channels: Int
    let isReal: Bool
    let scale: Float
    let zeroPoint: UInt8

    var paddedChannels: Int { (channels + 15) / 16 * 16 }
  }

  enum Source: Sendable {
    /// Interleaved pixels of some channels; `unshuffle` by `unshuffle` become one.
    case pixels(channels: Int, unshuffle: Int)
    /// A value of an earlier graph.
    case graph(String)
  }

  struct Input: Sendable {
    let value: Int
    let source: Source
  }

  enum Operation: Sendable {
    case convolution(ConvolutionGeometry, residual: Int?, residualScale: Float)
    case depthwise(ConvolutionGeometry)
    case addition(Int, AdditionMode, aScale: Float, bScale: Float)
    case mean
    case upsample2
  }

  struct Node: Sendable {
    let name: String
    let operation: Operation
    /// The value that it reads first.
    let input: Int
    let output: Int
    let lowest: UInt8
    let highest: UInt8
  }

  let name: String
  let values: [Value]
  let inputs: [Input]
  let outputs: [Int]
  let nodes: [Node]

  func value(_ name: String) -> Int? { values.firstIndex { $0.name == name } }
}

extension GraphDescription {
  /// Reads a graph; `earlier` are the graphs before it in the file.
  init(_ json: JSON, earlier: [GraphDescription]) throws(NetworkError) {
    guard let name = json["name"]?.string else { throw .badGraph("a graph has no name") }
    guard let listed = json["values"]?.object, let nodes = json["nodes"]?.array,
      let inputs = json["inputs"]?.array, let outputs = json["outputs"]?.array, !inputs.isEmpty,
      !outputs.isEmpty
    else { throw .badGraph("graph '\(name)' lacks inputs, outputs, values or nodes") }
    guard !earlier.contains(where: { $0.name == name }) else {
      throw .badGraph("two graphs are named '\(name)'")
    }
    var reader = Reader(graph: name)
    for (valueName, value) in listed.sorted(by: { $0.key < $1.key }) {
      try reader.addValue(valueName, value)
    }
    for input in inputs { try reader.addInput(input, earlier: earlier) }
    for node in nodes { try reader.addNode(node) }
    self.name = name
    self.values = reader.values
    self.inputs = reader.inputs
    self.nodes = reader.nodes
    var indices: [Int] = []
    for output in outputs {
      guard let outputName = output.string, let index = reader.indices[outputName],
        reader.isMade[index]
      else { throw .badGraph("an output of graph '\(name)' is not made by it") }
      indices.append(index)
    }
    self.outputs = indices
  }

  /// Builds the lists and refuses what cannot be run.
  private struct Reader {
    let graph: String
    var values: [Value] = []
    var indices: [String: Int] = [:]
    var isMade: [Bool] = []
    var inputs: [Input] = []
    var nodes: [Node] = []

    init(graph: String) { self.graph = graph }

    mutating func addValue(_ name: String, _ json: JSON) throws(NetworkError) {
      guard let channels = json["channels"]?.integer, (1...32_768).contains(channels),
        let type = json["type"]?.string, type == "u8" || type == "f32"
      else { throw .badGraph("value '\(name)' has no channels or no known type") }
      var scale: Float = 1
      var zeroPoint: UInt8 = 0
      if type == "u8" {
        guard let number = json["scale"]?.number, Float(number).isFinite, Float(number) > 0,
          let zero = json["zero_point"]?.integer, let byte = UInt8(exactly: zero)
        else { throw .badGraph("value '\(name)' has no scale or zero point") }
        (scale, zeroPoint) = (Float(number), byte)
      }
      indices[name] = values.count
      isMade.append(false)
      values.append(
        Value(
          name: name, channels: channels, isReal: type == "f32", scale: scale,
          zeroPoint: zeroPoint))
    }

    mutating func addInput(_ json: JSON, earlier: [GraphDescription]) throws(NetworkError) {
      guard let name = json["value"]?.string, let index = indices[name], !isMade[index],
        !values[index].isReal
      else { throw .badGraph("an input of graph '\(graph)' is not one of its values, or is twice") }
      isMade[index] = true
      if let from = json["from"]?.string {
        guard let source = earlier.first(where: { $0.name == from }),
          let there = source.value(name), !source.values[there].isReal,
          source.values[there].channels == values[index].channels,
          source.values[there].zeroPoint == values[index].zeroPoint
        else { throw .badGraph("input '\(name)' is not a value of graph '\(from)'") }
        inputs.append(Input(value: index, source: .graph(from)))
        return
      }
      guard let channels = json["channels"]?.integer, (1...64).contains(channels),
        let unshuffle = json["unshuffle"]?.integer, (1...16).contains(unshuffle),
        (channels * unshuffle * unshuffle + 15) / 16 * 16 == values[index].paddedChannels
      else { throw .badGraph("input '\(name)' does not fit its value") }
      inputs.append(
        Input(value: index, source: .pixels(channels: channels, unshuffle: unshuffle)))
    }

    /// The value that a node reads under `key`: one that is made before it, so no graph has a cycle.
    func source(_ json: JSON, _ key: String, _ node: String) throws(NetworkError) -> Int {
      guard let name = json[key]?.string, let index = indices[name] else {
        throw .badGraph("node '\(node)' has no '\(key)' among the values")
      }
      guard isMade[index], !values[index].isReal else {
        throw .badGraph("node '\(node)' reads '\(name)', which is not made before it")
      }
      return index
    }

    func number(_ json: JSON, _ key: String, _ node: String) throws(NetworkError) -> Float {
      guard let number = json[key]?.number, abs(number) < 0x1p20 else {
        throw .badGraph("node '\(node)' has no number '\(key)'")
      }
      return Float(number)
    }

    func geometry(_ json: JSON, _ node: String) throws(NetworkError) -> ConvolutionGeometry {
      guard let kernel = json["kernel"]?.integer, (1...7).contains(kernel),
        let stride = json["stride"]?.integer, (1...2).contains(stride),
        let dilation = json["dilation"]?.integer, (1...64).contains(dilation),
        let padding = json["pad"]?.integer, (0...dilation * (kernel - 1)).contains(padding)
      else { throw .badGraph("node '\(node)' has no sensible kernel, stride, dilation and pad") }
      return ConvolutionGeometry(
        kernel: kernel, stride: stride, dilation: dilation, padding: padding)
    }

    mutating func addNode(_ json: JSON) throws(NetworkError) {
      guard let name = json["name"]?.string, let kind = json["op"]?.string else {
        throw .badGraph("a node of graph '\(graph)' has no name or operation")
      }
      let input = try source(json, kind == "add" ? "a" : "input", name)
      guard let outputName = json["output"]?.string, let output = indices[outputName],
        !isMade[output]
      else { throw .badGraph("node '\(name)' makes no value, or one that is made twice") }
      let (from, to) = (values[input], values[output])

      let operation: Operation
      switch kind {
      case "conv":
        var residual: Int?
        if json["residual"] != nil { residual = try source(json, "residual", name) }
        let scale = residual == nil ? 0 : try number(json, "residual_scale", name)
        operation = .convolution(
          try geometry(json, name), residual: residual, residualScale: scale)
        if let residual, values[residual].paddedChannels != to.paddedChannels {
          throw .badGraph("node '\(name)' adds a value with other channels")
        }
      case "depthwise":
        let geometry = try geometry(json, name)
        guard geometry.dilation == 1, geometry.kernel == 3 || geometry.kernel == 5 else {
          throw .badGraph("node '\(name)' is depthwise but not 3x3 or 5x5 without dilation")
        }
        operation = .depthwise(geometry)
      case "add":
        let modes = ["same": AdditionMode.same, "nearest2": .nearest2, "broadcast": .broadcast]
        guard let mode = modes[json["b_mode"]?.string ?? ""] else {
          throw .badGraph("node '\(name)' adds in an unknown way")
        }
        let other = try source(json, "b", name)
        guard values[other].paddedChannels == to.paddedChannels else {
          throw .badGraph("node '\(name)' adds a value with other channels")
        }
        operation = .addition(
          other, mode, aScale: try number(json, "a_scale", name),
          bScale: try number(json, "b_scale", name))
      case "mean", "upsample2":
        guard from.zeroPoint == to.zeroPoint, from.scale == to.scale else {
          throw .badGraph("node '\(name)' changes the scale, which it cannot")
        }
        operation = kind == "mean" ? .mean : .upsample2
      default:
        throw .badGraph("node '\(name)' has the unknown operation '\(kind)'")
      }
      if kind != "conv" {
        guard !to.isReal, from.paddedChannels == to.paddedChannels else {
          throw .badGraph("node '\(name)' makes a value of other channels or another type")
        }
      }

      var (lowest, highest) = (0, 255)
      if kind != "mean" && kind != "upsample2" {
        guard let low = json["lo"]?.integer, let high = json["hi"]?.integer, 0 <= low, low <= high,
          high <= 255
        else { throw .badGraph("node '\(name)' has no range within 0…255") }
        (lowest, highest) = (low, high)
      }
      isMade[output] = true
      nodes.append(
        Node(
          name: name, operation: operation, input: input, output: output,
          lowest: UInt8(lowest), highest: UInt8(highest)))
    }
  }
}
