import Kernels

/// Where each value of a graph lies in the arena, for one picture size.
///
/// A value takes the lowest gap among those that are alive with it. Inputs and outputs live as long as
/// the session, so that an input stays set and an output can be read after the run.
struct MemoryPlan {
  /// For each value its layout and its byte offset.
  private(set) var places: [(PlaneLayout, Int)?]
  /// Bytes of the arena.
  private(set) var byteCount = 0

  init(
    _ graph: Network.Graph, height: Int, width: Int, earlier: GraphSession?
  ) throws(NetworkError) {
    let description = graph.description
    let sizes = try Self.sizes(description, height: height, width: width, earlier: earlier)
    let borders = Self.borders(description)
    let count = description.nodes.count

    // From which node to which one a value is alive.
    var birth = [Int](repeating: 0, count: description.values.count)
    var death = [Int](repeating: -1, count: description.values.count)
    for (step, node) in description.nodes.enumerated() {
      birth[node.output] = step
      death[node.output] = max(death[node.output], step)
      for source in node.sources { death[source] = step }
    }
    for input in description.inputs { (birth[input.value], death[input.value]) = (0, count) }
    for output in description.outputs { death[output] = count }
    for value in death.indices where graph.isKept[value] { death[value] = count }

    places = Array(repeating: nil, count: description.values.count)
    var taken: [(range: Range<Int>, death: Int)] = []
    let order = description.inputs.map(\.value) + description.nodes.map(\.output)
    for value in order {
      guard let (height, width) = sizes[value] else { continue }
      let details = description.values[value]
      let layout = PlaneLayout(
        height: height, width: width, channels: details.channels, border: borders[value])
      let bytes =
        details.isReal ? height * width * details.paddedChannels * 4 + 256 : layout.byteCount
      taken.removeAll { $0.death < birth[value] }
      taken.sort { $0.range.lowerBound < $1.range.lowerBound }
      var offset = 0
      let size = (bytes + 63) / 64 * 64
      for (range, _) in taken {
        if offset + size <= range.lowerBound { break }
        offset = max(offset, range.upperBound)
      }
      taken.append((offset..<offset + size, death[value]))
      places[value] = (layout, offset)
      byteCount = max(byteCount, offset + size)
    }
  }

  private static func borders(_ graph: GraphDescription) -> [Int] {
    var borders = [Int](repeating: 0, count: graph.values.count)
    for node in graph.nodes {
      switch node.operation {
      case .convolution(let geometry, _, _), .depthwise(let geometry):
        borders[node.input] = max(borders[node.input], geometry.border)
      default: break
      }
    }
    return borders
  }

  /// For each value that is made its height and width.
  static func sizes(
    _ graph: GraphDescription, height: Int, width: Int, earlier: GraphSession?
  ) throws(NetworkError) -> [(Int, Int)?] {
    var sizes = [(Int, Int)?](repeating: nil, count: graph.values.count)
    for input in graph.inputs {
      switch input.source {
      case .pixels(_, let unshuffle):
        sizes[input.value] = (height / unshuffle, width / unshuffle)
      case .graph(let name):
        guard let planes = earlier?.kept(graph.values[input.value].name) else {
          throw .badGraph("graph '\(graph.name)' needs a session of graph '\(name)' before it")
        }
        sizes[input.value] = (planes.layout.height, planes.layout.width)
      }
    }
    for node in graph.nodes {
      guard let (height, width) = sizes[node.input] else {
        throw .badGraph("node '\(node.name)' reads what is not made")
      }
      switch node.operation {
      case .convolution(let geometry, let residual, _):
        let size = (geometry.outputSize(height), geometry.outputSize(width))
        sizes[node.output] = size
        if let residual {
          guard let other = sizes[residual], other == size else {
            throw .badGraph("node '\(node.name)' adds a value of another size")
          }
        }
      case .depthwise(let geometry):
        sizes[node.output] = (geometry.outputSize(height), geometry.outputSize(width))
      case .addition(let other, let mode, _, _):
        sizes[node.output] = (height, width)
        let wanted: (Int, Int)
        switch mode {
        case .same: wanted = (height, width)
        case .nearest2: wanted = ((height + 1) / 2, (width + 1) / 2)
        case .broadcast: wanted = (1, 1)
        }
        guard let size = sizes[other], size == wanted else {
          throw .badGraph("node '\(node.name)' adds a value of another size")
        }
      case .mean: sizes[node.output] = (1, 1)
      case .upsample2: sizes[node.output] = (2 * height, 2 * width)
      }
    }
    return sizes
  }
}

extension GraphDescription.Node {
  /// The values that it reads.
  var sources: [Int] {
    switch operation {
    case .convolution(_, let residual?, _): return [input, residual]
    case .addition(let other, _, _, _): return [input, other]
    default: return [input]
    }
  }
}
