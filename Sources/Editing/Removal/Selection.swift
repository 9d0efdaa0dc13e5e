public import ImageCodecs
public import Photos

/// What should go; every part that is given adds to it.
public struct Selection: Equatable, Sendable {
  /// A class of objects, or one object of it.
  public struct ObjectName: Hashable, Sendable, CustomStringConvertible {
    /// The class, in lower case.
    public var className: String
    /// Which one of the class, counted from 1 as `efface detect` does; `nil` for all of them.
    public var ordinal: Int?

    /// Reads `person` or `person#2`; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
      let parts = text.split(separator: "#", omittingEmptySubsequences: false)
      guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
      className = name.lowercased()
      if parts.count == 2 {
        guard let number = Int(parts[1]), number > 0 else { return nil }
        ordinal = number
      }
    }

    /// The name as it is written.
    public var description: String { ordinal.map { "\(className)#\($0)" } ?? className }
  }

  /// A position in the upright photo.
  public struct Point: Hashable, Sendable, CustomStringConvertible {
    /// Columns from the left.
    public var x: Int
    /// Rows from the top.
    public var y: Int

    /// Makes a position.
    public init(x: Int, y: Int) {
      self.x = x
      self.y = y
    }

    /// The position as it is given: `812,640`.
    public var description: String { "\(x),\(y)" }
  }

  /// Detected objects.
  public var objects: [ObjectName] = []
  /// Those of them, and of what distracts, that stay all the same.
  public var exceptions: [ObjectName] = []
  /// Positions on what should go; those of a group are on one thing.
  public var clicks: [[Point]] = []
  /// Positions on what should stay.
  public var kept: [Point] = []
  /// Boxes around what should go; each stands for one thing.
  public var boxes: [Rectangle] = []
  /// Every detected object but the main subjects.
  public var distractors = false
  /// Wires and cables before the sky.
  public var wires = false
  /// Whether the shadow at the foot of what is named, clicked or boxed stays.
  public var keepsShadow = false
  /// The paths of pictures of the upright photo's size, white where it should go.
  public var masks: [String] = []

  /// Selects nothing.
  public init() {}

  /// Whether nothing is selected.
  public var isEmpty: Bool {
    objects.isEmpty && clicks.isEmpty && boxes.isEmpty && !distractors && !wires && masks.isEmpty
  }

  /// Whether the segmentation network must look at the photo.
  var needsScene: Bool { namesObjects || !clicks.isEmpty || !boxes.isEmpty }

  /// Whether all objects of the photo matter.
  var namesObjects: Bool { !objects.isEmpty || distractors }

  /// The selection in one line, the same for the same selection.
  var summary: String {
    let parts =
      objects.map { "object \($0)" } + exceptions.map { "except \($0)" }
      + clicks.map { "at \($0.words)" } + kept.map { "not at \($0)" }
      + boxes.map { "box \($0.words)" }
      + (distractors ? ["distractors"] : []) + (wires ? ["wires"] : [])
      + (keepsShadow ? ["keep shadow"] : [])
      + masks.map { "mask \($0)" }
    return parts.joined(separator: "; ")
  }
}

extension [Selection.Point] {
  /// Positions on one thing, as they are given: `812,640+830,710`.
  public var words: String { map(\.description).joined(separator: "+") }
}

extension Rectangle {
  /// The box as it is given: `120,45,200,300`.
  public var words: String { "\(x),\(y),\(width),\(height)" }
}

/// How what should go is removed.
public struct RemovalOptions: Equatable, Sendable {
  /// What should go.
  public var selection = Selection()
  /// By how many pixels the mask grows; `nil` for a growth in proportion to each object.
  public var grow: Int?
  /// Over how many pixels of that growth the fill fades in; `nil` for half of it.
  public var feather: Int?
  /// The JPEG quality; `nil` keeps the photo's own tables and all that the edit does not touch.
  public var quality: Int?
  /// Whether an embedded thumbnail is made anew from the result; else it is dropped.
  public var keepsThumbnail = true
  /// What is taken out of the metadata.
  public var strip = EncodingOptions.Strip.nothing
  /// Whether the edit is entered into the photo's edit history.
  public var marksHistory = true
  /// Whether the result gets the photo's time of the last change; else it has the time of the edit.
  public var keepsTime = false
  /// Another seed makes another fill.
  public var seed: UInt64 = 0

  /// Makes options that select nothing.
  public init() {}
}
