import Kernels
import Networks
public import Photos
public import Tensors

/// Finds the objects of photos with the embedded segmentation network.
///
/// Not to be used by two threads at once: make one for each.
public final class Segmenter {
  private let network: Network
  private let names: ClassNames
  private let thresholds: Thresholds
  private let offsetUnit: Float
  private let threads: Int
  private var session: GraphSession?

  /// Loads the network.
  ///
  /// - Parameter threads: The most threads to use.
  /// - Throws: `NetworkError`.
  public init(threads: Int) throws {
    network = try Self.embedded.get()
    names = try ClassNames(network.parameters)
    thresholds = try Thresholds(network.parameters)
    guard let unit = network.parameters["offset_unit"]?.number else {
      throw NetworkError.badGraph("the segmentation network lacks the unit of its offsets")
    }
    offsetUnit = Float(unit)
    self.threads = threads
  }

  /// What objects can be called: the classes that the network names rightly often enough.
  public static let classNames: [String] = embeddedNames?.listed ?? []

  /// The network's other classes: too often wrong to be offered as names.
  public static let unlistedNames: Set<String> = embeddedNames?.unlisted ?? []

  private static let embeddedNames = try? ClassNames(embedded.get().parameters)

  /// Read once: options are completed with its names, and it finds the objects.
  private static let embedded = Result { try Network.embedded(.segmentation) }

  /// Finds the objects of a photo.
  ///
  /// The network sees the whole photo upright, its long side at the network's size and the other at the
  /// multiple nearest to the photo's proportions; then its mirror image, and both answers are averaged.
  ///
  /// - Parameters:
  ///   - pixels: RGB in stored orientation.
  ///   - orientation: How to turn them upright.
  ///   - color: From the photo's colours to sRGB; nil where they are that.
  ///   - closely: Whether it looks at parts of the photo, too, for smaller objects. Clicks and boxes do not need it.
  /// - Throws: `NetworkError`.
  public func analyze(
    _ pixels: borrowing Tensor<UInt8>, orientation: Orientation, color: ColorTransform? = nil,
    closely: Bool = true
  ) throws -> Scene {
    precondition(pixels.channels == 3 && pixels.count > 0, "a photo has three channels")
    let view = View(pixels, orientation: orientation, color: color, threads: threads)
    let look = try look(at: view.frame, of: view)
    var search = ObjectSearch(look.map, of: view, names: names, thresholds: thresholds)
    if closely {
      let side = ObjectSearch.coarseSide(of: network.inputSize)
      let coarse = try search.parts.map { (part: $0, map: try map(at: $0, of: view, side: side)) }
      for (part, map) in coarse where search.mayAdd(from: map, window: part) {
        search.add(from: try self.look(at: part, of: view).map, window: part)
      }
    }
    return Scene(
      view: view, look: look, found: search.objects, names: names, thresholds: thresholds
    ) { try self.look(at: $0, of: view) }
  }

  /// Shows the network a window of the upright photo, as it is and mirrored.
  func look(at window: Rectangle, of view: View) throws -> Look {
    let session = try session(for: window, side: network.inputSize)
    return try Look(
      at: picture(window, of: view, for: session), window: window, network: network,
      session: session, offsetUnit: offsetUnit)
  }

  /// What the network says of a window of the upright photo as it is, the window's longer side at `side` pixels.
  private func map(at window: Rectangle, of view: View, side: Int) throws -> CellMap {
    let session = try session(for: window, side: side)
    return try CellMap(
      of: picture(window, of: view, for: session), session: session, offsetUnit: offsetUnit)
  }

  private func picture(
    _ window: Rectangle, of view: View, for session: GraphSession
  ) -> Tensor<UInt8> {
    view.reduced(window, height: session.height, width: session.width, threads: threads)
  }

  /// A session for windows of these proportions; the last one is kept.
  private func session(for window: Rectangle, side: Int) throws -> GraphSession {
    let (width, height) = Self.networkSize(
      width: window.width, height: window.height, side: side, multiple: network.multiple)
    if let last = session, last.width == width, last.height == height { return last }
    let new = try GraphSession(network, height: height, width: width, threads: threads)
    session = new
    return new
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
