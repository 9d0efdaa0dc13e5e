import ArgumentParser
import Editing
import Photos

/// What should go; shared by `remove-object` and `batch`.
struct SelectionOptions: ParsableArguments {
  @Option(
    name: .customLong("object"),
    help: ArgumentHelp(
      "Remove the objects of a class, or one of them: person, car, dog#2.",
      discussion:
        "`efface detect PHOTO` prints the names. A person takes along what it clearly carries. May be given several "
        + "times.",
      valueName: "name[,name]"),
    completion: .list(objectNames))
  var objects: [ObjectNames] = []

  @Option(
    name: .customLong("except"),
    help: ArgumentHelp(
      "Keep these of the objects that --object or --distractors would remove.",
      discussion: "As in --object person --except person#2.", valueName: "name[,name]"),
    completion: .list(objectNames))
  var exceptions: [ObjectNames] = []

  // A negative number is a wrong value, not another option.
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Remove the thing at this position of the upright photo.",
      discussion:
        "Several positions on one thing, with + between them, say better how far it goes. A wire before the "
        + "sky goes as far as it is seen.",
      valueName: "x,y[+x,y]"))
  var at: [PointGroup] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Keep what is at this position: an object, a wire, or a part of what --object, --at or "
        + "--box would remove.",
      valueName: "x,y"))
  var notAt: [Selection.Point] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Remove the thing in this box; all of the box where nothing stands out.",
      discussion: "Any --at in the box is on that thing.",
      valueName: "x,y,w,h"))
  var box: [Rectangle] = []

  @Flag(
    help: ArgumentHelp(
      "Remove every detected object but the main subjects.",
      discussion: """
        Main subjects are large, near the middle, and as sharp as the rest of the photo; where nothing \
        is, everything that is detected goes. `efface detect` shows what is detected.
        """))
  var distractors = false

  @Flag(
    help: ArgumentHelp(
      "Remove wires and cables before the sky.",
      discussion: "Each as far as it is seen. Poles and upright wires stay."))
  var wires = false

  @Flag(
    help: ArgumentHelp(
      "Keep the shadow at an object's foot.",
      discussion: """
        Without it the shadow goes with what is named, clicked or boxed, where it is clearly the \
        object's: dark ground of the same colour that touches the object and ends near it, or a dark \
        strip right under it.
        """))
  var keepShadow = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Grow the mask by so many pixels, 0 to 2000.",
      discussion: "Default: in proportion to each object, 3 at the least.", valueName: "px"))
  var grow: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Fade the fill in over so many pixels of that growth, 0 to 2000.",
      discussion: "Default: half of it.", valueName: "px"))
  var feather: Int?

  @Option(help: ArgumentHelp("Another seed makes another fill.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Use at most so many threads, 1 to 1024.", discussion: "Default: one a processor.",
      valueName: "n"))
  var threads: Int?

  func validate() throws {
    if let grow, !(0...2_000).contains(grow) {
      throw ValidationError("--grow \(grow): give 0 to 2000 pixels")
    }
    if let feather, !(0...2_000).contains(feather) {
      throw ValidationError("--feather \(feather): give 0 to 2000 pixels")
    }
    if let threads, !(1...1_024).contains(threads) {
      throw ValidationError("--threads \(threads): give 1 to 1024")
    }
    let names = !objects.isEmpty || distractors
    if !notAt.isEmpty && at.isEmpty && box.isEmpty && !names && !wires {
      throw ValidationError(
        "--not-at narrows --at, --box, --object, --distractors or --wires: give one of "
          + "them as well")
    }
    if !exceptions.isEmpty && !names {
      throw ValidationError(
        "--except narrows --object or --distractors: give one of them as well")
    }
    try validatePlaces()
  }

  /// Refuses what contradicts itself.
  private func validatePlaces() throws {
    for place in Set(at.flatMap(\.points)).intersection(notAt) {
      throw ValidationError("\(place) is both --at and --not-at: give one")
    }
    for group in at {
      for box in box {
        let inside = group.points.count { box.contains(x: $0.x, y: $0.y) }
        if inside > 0 && inside < group.points.count {
          throw ValidationError(
            "--at \(group.points.words) is one thing, but only partly in --box \(box.words): "
              + "leave the box out, or enlarge it")
        }
      }
    }
  }

  /// The options for Editing, with those for what becomes of the file.
  func removal(masks: [String], file: FileOptions) -> RemovalOptions {
    var options = file.removal
    options.selection.objects = objects.flatMap(\.names).uniqued
    options.selection.exceptions = exceptions.flatMap(\.names).uniqued
    options.selection.clicks = at.map(\.points.uniqued).uniqued
    options.selection.kept = notAt.uniqued
    options.selection.boxes = box.uniqued
    options.selection.distractors = distractors
    options.selection.wires = wires
    options.selection.keepsShadow = keepShadow
    options.selection.masks = masks
    options.grow = grow
    options.feather = feather
    options.seed = seed
    return options
  }
}

extension Array where Element: Hashable {
  /// The elements in order, each once.
  fileprivate var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
