import Kernels
import Tensors

extension Network {
  /// How many products one run of the first graph takes, on a square picture of `inputSize` pixels.
  ///
  /// Convolutions skip blocks that are not stored: each stored one takes 64 products an output pixel.
  public func productsPerRun() throws(NetworkError) -> Int {
    let graph = graphs[0]
    let sizes = try MemoryPlan.sizes(
      graph.description, height: inputSize, width: inputSize, earlier: nil)
    var products = 0
    for (node, weights) in zip(graph.description.nodes, graph.weights) {
      guard let (height, width) = sizes[node.output] else { continue }
      switch weights {
      case .convolution(let weights): products += height * width * weights.blocks.count
      case .depthwise(let weights):
        products += height * width * weights.channels * weights.kernel * weights.kernel
      case .none: break
      }
    }
    return products
  }
}
