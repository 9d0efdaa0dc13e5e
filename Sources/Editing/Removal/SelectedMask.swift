import ImageCodecs
import Photos
import Segmentation
import Tensors

/// The mask of what should go, not grown yet, in the photo's stored orientation.
struct SelectedMask: ~Copyable {
  /// 255 where it should go.
  var mask: Mask
  /// What the mask consists of.
  var removed: [RemovalReport.Removed] = []
  /// By how many pixels the mask's edge may be wrong: a network that looks at a small picture of a
  /// large photo cannot know better.
  var uncertainty = 0
  /// Other objects, which are not to be copied into the hole: 255 there, over the whole photo, small.
  var others: Tensor<UInt8>?
  /// What people should know about how it came about.
  var notes: [String] = []

  init(width: Int, height: Int) {
    mask = Mask(width: width, height: height)
  }

  /// Adds a mask from a file.
  mutating func addMask(at path: String, photo: borrowing Photo, name: String) throws(EditingError)
  {
    let upright = try readMask(path)
    let size = photo.orientation.uprightSize(width: photo.width, height: photo.height)
    guard upright.width == size.width && upright.height == size.height else {
      throw .maskSize(
        mask: shown(path), width: upright.width, height: upright.height, photo: shown(name),
        photoWidth: size.width, photoHeight: size.height)
    }
    var stored = photo.orientation == .up ? upright : Mask(photo.orientation.stored(upright.values))
    stored.binarize()
    if stored.boundingBox == nil {
      throw .nothingMatched(
        name: shown(path), detail: "the mask has no white pixel; paint white what should go")
    }
    add(stored, of: nil, orientation: photo.orientation)
  }

  /// Adds what the segmentation network found in the photo.
  mutating func addObjects(
    _ selection: Selection, in scene: borrowing Scene, photo: borrowing Photo, name: String
  ) throws(EditingError) {
    uncertainty = max(4, max(photo.width, photo.height) / 250)
    // What a mask from a file leaves out is left out on purpose.
    let isDrawn = !removed.isEmpty
    var drawn = Mask(width: isDrawn ? photo.width : 0, height: isDrawn ? photo.height : 0)
    var selection = selection
    if isDrawn {
      swap(&mask, &drawn)
      selection.clicks.removeAll {
        let at = photo.orientation.stored(
          x: $0.x, y: $0.y, width: photo.width, height: photo.height)
        return drawn.values[at.y, at.x] != 0
      }
    }
    try findObjects(selection, in: scene, photo: photo, name: name)
    mask.close(radius: 2 * uncertainty)
    mask.fillGaps(upTo: 0.01)
    mask.extendToBorders(4 * uncertainty)
    if isDrawn { mask.formUnion(drawn) }
    others = scene.otherObjects(than: mask)
  }

  private mutating func findObjects(
    _ selection: Selection, in scene: borrowing Scene, photo: borrowing Photo, name: String
  ) throws(EditingError) {
    var missing: [String] = []
    var objects: [DetectedObject] = []
    for wanted in selection.objects {
      if let reason = ignorance(of: wanted.className) {
        // Even where other names match: a misspelt one must not be passed over.
        throw .nothingMatched(
          name: shown(name), detail: "\(reason); found: \(Self.census(scene.objects))")
      }
      let found = scene.objects.filter {
        $0.className == wanted.className
          && (wanted.ordinal == nil || wanted.ordinal == $0.classOrdinal)
      }
      if found.isEmpty { missing.append("no \(wanted) found") }
      objects += found
    }
    if selection.distractors {
      let indices = scene.distractors()
      if indices.isEmpty { missing.append("no distractor found") }
      objects += scene.objects.filter { indices.contains($0.index) }
    }
    for object in objects where !removed.contains(where: { $0.isSame(as: object) }) {
      var part = try outline(of: object, in: scene)
      if !selection.keepsShadow { scene.addShadow(to: &part) }
      add(part, of: object, orientation: photo.orientation)
    }
    try addPrompts(selection, in: scene, orientation: photo.orientation, name: name)
    if removed.isEmpty {
      let reason = missing.isEmpty ? "nothing to select there" : missing.joined(separator: ", ")
      throw .nothingMatched(
        name: shown(name), detail: "\(reason); found: \(Self.census(scene.objects))")
    }
    notes += missing
  }

  /// Adds what is clicked and boxed.
  ///
  /// A box is one thing, with the clicks inside it to refine it; where nothing stands out in a box without
  /// clicks, all of it goes. Every other click is one thing, unless what is selected before covers it already.
  private mutating func addPrompts(
    _ selection: Selection, in scene: borrowing Scene, orientation: Orientation, name: String
  ) throws(EditingError) {
    let upright = orientation.uprightSize(width: mask.width, height: mask.height)
    let kept = selection.kept.map { Click(x: $0.x, y: $0.y, positive: false) }
    var clicks = selection.clicks
    var prompts: [(clicks: [Click], box: Rectangle?)] = []
    for box in selection.boxes {
      let inside = clicks.filter { box.contains(x: $0.x, y: $0.y) }
      clicks.removeAll { box.contains(x: $0.x, y: $0.y) }
      prompts.append((inside.map { Click(x: $0.x, y: $0.y, positive: true) } + kept, box))
    }
    for click in clicks {
      prompts.append(([Click(x: click.x, y: click.y, positive: true)] + kept, nil))
    }
    for prompt in prompts {
      if prompt.box == nil, let click = prompt.clicks.first {
        let at = orientation.stored(x: click.x, y: click.y, width: mask.width, height: mask.height)
        if mask.values[at.y, at.x] != 0 { continue }
      }
      do {
        var part = try scene.mask(clicks: prompt.clicks, box: prompt.box)
        part.binarize()
        let area = prompt.box.map { box in
          orientation.stored(
            box.clipped(toWidth: upright.width, height: upright.height), width: mask.width,
            height: mask.height)
        }
        if let box = prompt.box, let area, !Self.standsOut(part.boundingBox, in: area),
          !prompt.clicks.contains(where: { $0.positive || box.contains(x: $0.x, y: $0.y) })
        {
          part.fill(area)
          let place = "\(box.x),\(box.y),\(box.width),\(box.height)"
          notes.append("nothing stands out in the box \(place): all of it was removed")
        } else if !selection.keepsShadow {
          scene.addShadow(to: &part)
        }
        add(part, of: nil, orientation: orientation)
      } catch {
        throw .network(
          message: "\(shown(name)): the clicked object could not be outlined: \(error)")
      }
    }
  }

  /// Whether what was found can be what a box was drawn around: it takes up a quarter of the box's width or
  /// of its height.
  static func standsOut(_ found: Rectangle?, in box: Rectangle) -> Bool {
    guard let found else { return false }
    return 4 * found.width >= box.width || 4 * found.height >= box.height
  }

  private mutating func add(
    _ part: consuming Mask, of object: DetectedObject?, orientation: Orientation
  ) {
    guard let box = part.boundingBox else { return }
    removed.append(
      .init(
        className: object?.className, score: object.map { Double($0.score) },
        box: orientation.upright(box, width: part.width, height: part.height), area: part.count,
        index: object?.index))
    mask.formUnion(part)
  }

  /// What was found, by classes: `2 x person, 1 x dog`.
  private static func census(_ objects: [DetectedObject]) -> String {
    if objects.isEmpty { return "nothing that has a name here; try --at, --box or a mask" }
    var names: [String] = []
    for object in objects where !names.contains(object.className) { names.append(object.className) }
    return names.map { name in
      "\(objects.count { $0.className == name }) x \(name)"
    }.joined(separator: ", ")
  }
}

/// Reads a mask, upright; errors name the file.
func readMask(_ path: String) throws(EditingError) -> Mask {
  let bytes = try FileSystem.read(path)
  do {
    return try decodeMask(bytes, name: path)
  } catch {
    throw .picture(message: "\(shown(path)): \(error)")
  }
}

extension Mask {
  /// Sets all pixels of a box that lies inside.
  fileprivate mutating func fill(_ box: Rectangle) {
    let width = width
    var bytes = values.mutableSpan
    for y in box.y..<box.maxY {
      for x in box.x..<box.maxX { bytes[y * width + x] = 255 }
    }
  }

  /// Makes every pixel either 0 or 255, with the limit in the middle.
  mutating func binarize() {
    var index = values.span.firstSet(in: 0..<values.count)
    while index < values.count {
      let end = values.span.firstClear(in: index..<values.count)
      var bytes = values.mutableSpan
      while index < end {
        bytes[index] = bytes[index] >= 128 ? 255 : 0
        index += 1
      }
      index = values.span.firstSet(in: end..<values.count)
    }
  }
}

extension RemovalReport.Removed {
  fileprivate func isSame(as object: DetectedObject) -> Bool { index == object.index }
}
