import Photos

/// An object, and how the network saw it.
struct FoundObject {
  /// Its cells in the map of the whole photo.
  let group: CellGroup
  /// The smallest box around it, in upright pixels.
  let box: Rectangle
  /// About how many pixels it covers.
  let area: Int
  /// What a part of the photo shows of it, for an object that was found only there.
  let closer: Closer?

  /// Cells of a part of the photo.
  struct Closer {
    let cells: SoftCells
    /// The part, in upright pixels.
    let window: Rectangle
  }
}
