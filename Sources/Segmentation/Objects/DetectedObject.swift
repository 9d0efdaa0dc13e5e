public import Photos

/// An object that the network sees in a photo.
public struct DetectedObject: Equatable, Sendable {
  /// Its place in the scene's list, from 0.
  public var index: Int
  /// What it is, one of `Segmenter.classNames`.
  public var className: String
  /// Its number among the objects of its class, from 1, largest first.
  public var classOrdinal: Int
  /// How sure the network is of the class, 0 to 1.
  public var score: Float
  /// The smallest box around it, in upright pixels.
  public var box: Rectangle
  /// About how many pixels it covers.
  public var area: Int
}

/// A position that a user points at, in upright pixels.
public struct Click: Equatable, Sendable {
  /// The column.
  public var x: Int
  /// The row.
  public var y: Int
  /// Whether the object meant is there; else it is not.
  public var positive: Bool

  /// Makes a click.
  public init(x: Int, y: Int, positive: Bool) {
    self.x = x
    self.y = y
    self.positive = positive
  }
}
