import Kernels
import Networks
public import Photos
public import Tensors

/// Finds the objects of photos with the embedded segmentation network.
///
/// Not to be used by two threads at once: make one for each.
public final class Segmenter {
  private let network: Network
  private let names: [String]
  private let offsetUnit: Float
  private let threads: Int
  private var session: GraphSession?

  /// Loads the network.
  ///
  /// - Parameter threads: The most threads to use.
  /// - Throws: `NetworkError`.
  public init(threads: Int) throws {
    network = try .embedded(.segmentation)
    let names = network.parameters["classes"]?.array?.compactMap(\.string) ?? []
    guard names.count > 1, let unit = network.parameters["offset_unit"]?.number else {
      throw NetworkError.badGraph("the segmentation network names no classes")
    }
    self.names = names
    offsetUnit = Float(unit)
    self.threads = threads
  }

  /// What objects can be called: the network's classes without the background.
  ///
  /// The last, `object`, is any other thing.
  public static let classNames: [String] = {
    let network = try? Network.embedded(.segmentation)
    let names = network?.parameters["classes"]?.array?.compactMap(\.string) ?? []
    return Array(names.dropFirst())
  }()

  /// Finds the objects of a photo.
  ///
  /// The network sees the whole photo upright, its long side at the network's size and the other at the
  /// multiple nearest to the photo's proportions; then its mirror image, and both answers are averaged.
  ///
  /// - Parameters:
  ///   - pixels: RGB in stored orientation.
  ///   - orientation: How to turn them upright.
  ///   - color: From the photo's colours to sRGB; nil where they are that.
  /// - Throws: `NetworkError`.
  public func analyze(
    _ pixels: borrowing Tensor<UInt8>, orientation: Orientation, color: ColorTransform? = nil
  ) throws -> Scene {
    precondition(pixels.channels == 3 && pixels.count > 0, "a photo has three channels")
    let view = View(pixels, orientation: orientation, color: color, threads: threads)
    let (width, height) = Self.networkSize(
      width: view.width, height: view.height, side: network.inputSize, multiple: network.multiple)
    let session: GraphSession
    if let last = self.session, last.width == width, last.height == height {
      session = last
    } else {
      session = try GraphSession(network, height: height, width: width, threads: threads)
      self.session = session
    }
    let picture = view.picture(width: width, height: height, threads: threads)
    let mirrored = try map(of: Orientation.upMirrored.upright(picture), session)
    // The picture as it is comes last: its features are what the prompts are answered from.
    let map = try map(of: picture, session).averaged(withMirrored: mirrored)
    let prompt = try GraphSession(
      network, graph: "prompt", height: map.height, width: map.width, threads: threads,
      after: session)
    try prompt.setInputs(from: session)
    return Scene(view: view, map: map, classNames: names, prompt: prompt)
  }

  private func map(
    of picture: borrowing Tensor<UInt8>, _ session: GraphSession
  ) throws -> CellMap {
    try session.setInput(picture)
    session.run()
    return CellMap(
      semantic: try session.output("semantic"), instance: try session.output("instance"),
      offsetUnit: offsetUnit)
  }

  /// The size at which a photo is shown to the network.
  static func networkSize(
    width: Int, height: Int, side: Int, multiple: Int
  ) -> (width: Int, height: Int) {
    let scale = Double(side) / Double(max(width, height))
    func whole(_ length: Int) -> Int {
      max(multiple, Int(Double(length) * scale / Double(multiple) + 0.5) * multiple)
    }
    return (whole(width), whole(height))
  }
}
