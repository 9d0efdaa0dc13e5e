import Photos

/// A detected object as overlays and pages show it; all coordinates are upright.
struct PresentedObject: Sendable {
  /// The number that stands on the object.
  var index: Int
  /// What selects the object on the command line, such as `person#2`.
  var label: String
  /// How sure the detection is, 0 to 1; nil leaves it out.
  var score: Double?
  /// The smallest box around the object.
  var box: Rectangle
  /// The object's pixels.
  var runs: MaskRuns

  /// Red, green and blue of the object: neighbours in number are far apart in hue.
  var color: SIMD3<UInt8> { Self.colors[(max(index, 1) - 1) % Self.colors.count] }

  private static let colors: [SIMD3<UInt8>] = [
    [255, 82, 82], [64, 156, 255], [255, 196, 0], [46, 204, 113], [214, 92, 255], [255, 138, 48],
    [0, 206, 209], [255, 105, 180], [163, 214, 46], [140, 130, 255], [222, 165, 110],
    [120, 200, 255],
  ]
}
