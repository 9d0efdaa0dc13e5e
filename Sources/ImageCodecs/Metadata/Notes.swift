/// What was changed besides the picture, one phrase each.
///
/// A phrase is kept once: a file may give cause for it many thousand times.
struct Notes {
  /// The phrases, in the order in which they came up.
  private(set) var all: [String] = []
  private var known: Set<String> = []

  /// Adds a phrase, unless it is there.
  mutating func append(_ note: String) {
    if known.insert(note).inserted { all.append(note) }
  }

  /// Adds those that are not there.
  static func += (notes: inout Notes, more: [String]) {
    for note in more { notes.append(note) }
  }
}
