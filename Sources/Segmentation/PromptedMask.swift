public import Photos

/// The network's answer to clicks and a box.
@frozen public struct PromptedMask: ~Copyable {
  /// The thing at full size, in stored orientation.
  public var mask: Mask
  /// How clear the thing's outline is, 0 to 1; 0 where nothing stands out.
  public let certainty: Double
  /// What the answer says of the surroundings.
  public let hints: Hints
}

/// How much of every cell of a window an answer takes for the thing, where it is little, too.
public struct Hints: Sendable {
  /// The shares.
  let cells: SoftCells
  /// The part of the upright photo that the cells show.
  let window: Rectangle

  /// The share at an upright position; 0 outside the window.
  func share(x: Int, y: Int) -> Float {
    if !window.contains(x: x, y: y) { return 0 }
    let row = (y - window.y) * cells.height / window.height
    return cells.values[row * cells.width + (x - window.x) * cells.width / window.width]
  }
}
