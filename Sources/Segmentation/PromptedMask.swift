public import Photos

/// The network's answer to clicks and a box.
@frozen public struct PromptedMask: ~Copyable {
  /// The thing at full size, in stored orientation.
  public var mask: Mask
  /// How clear the thing's outline is, 0 to 1; 0 where nothing stands out.
  public let certainty: Double
}
