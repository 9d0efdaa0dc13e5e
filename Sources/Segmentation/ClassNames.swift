import Networks

/// The classes of the network, and which of them may be offered as names of objects.
///
/// A class that the network hardly ever names rightly on the validation photos is not listed: a thing of
/// such a class is found by a click or a box, which need no name.
struct ClassNames: Sendable {
  /// All classes in the order of the logits; the first is the background.
  let all: [String]
  /// Those that are not offered.
  let unlisted: Set<String>

  /// Reads the names of a network's parameters.
  ///
  /// - Throws: `NetworkError.badGraph` if there are none.
  init(_ parameters: JSON) throws(NetworkError) {
    all = parameters["classes"]?.array?.compactMap(\.string) ?? []
    guard all.count > 1 else {
      throw .badGraph("the segmentation network names no classes")
    }
    unlisted = Set(parameters["unlisted"]?.array?.compactMap(\.string) ?? [])
  }

  /// Whether objects of a class are shown.
  func isListed(_ index: Int) -> Bool { index > 0 && !unlisted.contains(all[index]) }

  /// The names that are offered.
  var listed: [String] { all.indices.filter(isListed).map { all[$0] } }
}
