import Networks
import Photos
import Tensors

/// A window of a photo as the network saw it, as it is and mirrored, ready to answer clicks and boxes.
///
/// Two views of one picture err in different places; the mean of their answers is better than either.
/// A look is not to be used by two threads at once.
final class Look {
  /// The part of the upright photo.
  let window: Rectangle
  /// What the network says of it.
  let map: CellMap
  private let plain: GraphSession
  private let mirrored: GraphSession

  /// - Parameters:
  ///   - picture: The window at the network's size.
  ///   - window: Which part of the upright photo it shows.
  ///   - network: The segmentation network.
  ///   - session: Its graph `main` for that size.
  ///   - offsetUnit: Cells in an offset of 1.
  /// - Throws: `NetworkError` when the network lacks an output or the graph for prompts.
  init(
    at picture: borrowing Tensor<UInt8>, window: Rectangle, network: Network,
    session: GraphSession, offsetUnit: Float
  ) throws {
    self.window = window
    func look(_ picture: borrowing Tensor<UInt8>) throws -> (map: CellMap, prompt: GraphSession) {
      let map = try CellMap(of: picture, session: session, offsetUnit: offsetUnit)
      let prompt = try GraphSession(
        network, graph: "prompt", height: map.height, width: map.width, threads: session.threads,
        after: session)
      try prompt.setInputs(from: session)
      return (map, prompt)
    }
    let twin = try look(Orientation.upMirrored.upright(picture))
    let own = try look(picture)
    map = own.map.averaged(withMirrored: twin.map)
    (plain, mirrored) = (own.prompt, twin.prompt)
  }

  /// The logits of the one thing that a prompt on `map` means, cell after cell.
  func answer(_ prompt: PromptMap) throws -> [Float] {
    let bytes = prompt.bytes(on: map)
    func logits(_ bytes: borrowing Tensor<UInt8>, _ session: GraphSession) throws -> [Float] {
      try session.setInput(bytes)
      session.run()
      let output = try session.output()
      let values = output.span
      return values.indices.map { values[$0] }
    }
    let own = try logits(bytes, plain)
    let twin = try logits(Orientation.upMirrored.upright(bytes), mirrored)
    let width = map.width
    return own.indices.map { 0.5 * (own[$0] + twin[$0 / width * width + width - 1 - $0 % width]) }
  }
}
