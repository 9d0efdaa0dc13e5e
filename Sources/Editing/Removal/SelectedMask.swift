import ImageCodecs
import Photos
import Segmentation
import Tensors

/// The mask of what should go, not grown yet, in the photo's stored orientation.
struct SelectedMask: ~Copyable {
  /// Columns of the photo.
  let width: Int
  /// Rows of the photo.
  let height: Int
  /// 255 where a file or a wire says that something should go; nil where none does.
  ///
  /// What it leaves out is left out on purpose.
  var drawn: Mask?
  /// 255 where the network says so; 0 x 0 until it is asked.
  var mask = Mask(width: 0, height: 0)
  /// What the mask consists of.
  var removed: [RemovalReport.Removed] = []
  /// By how many pixels the mask's edge may be wrong: a network that looks at a small picture of a
  /// large photo cannot know better.
  var uncertainty = 0
  /// Other objects, which are not to be copied into the hole: 255 there, over the whole photo, small.
  var others: Tensor<UInt8>?
  /// Stored positions that the mask, however it grows, is not to cover.
  var kept: [(x: Int, y: Int)] = []
  /// 255 on objects that are to stay and near what is named.
  private var spared: Mask?
  /// What people should know about how it came about.
  var notes: [String] = []

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// Adds the masks from files; one that is all black only gets a note where something else is selected.
  ///
  /// - Throws: `EditingError.nothingMatched` where nothing else is, and what reading and fitting a mask throws.
  mutating func addMasks(
    _ selection: Selection, photo: borrowing Photo, name: String
  ) throws(EditingError) {
    for path in selection.masks { try addMask(at: path, photo: photo, name: name) }
    var others = selection
    others.masks = []
    if removed.isEmpty && others.isEmpty, let path = selection.masks.first {
      throw .nothingMatched(
        name: shown(path), detail: "\(Self.noWhitePixel); paint white what should go")
    }
  }

  private static let noWhitePixel = "the mask has no white pixel"

  private mutating func addMask(
    at path: String, photo: borrowing Photo, name: String
  ) throws(EditingError) {
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
      notes.append("\(shown(path)): \(Self.noWhitePixel)")
      return
    }
    note(stored, of: nil, score: nil, orientation: photo.orientation)
    draw(stored)
  }

  /// Adds to what is drawn.
  mutating func draw(_ part: consuming Mask) {
    if var drawn = drawn.take() {
      drawn.formUnion(part)
      self.drawn = consume drawn
    } else {
      drawn = consume part
    }
  }

  /// The whole mask, grown over the edge of what goes.
  ///
  /// What is drawn is right about its edge; what was found may be wrong by its uncertainty.
  mutating func grown(by grow: Int?, feather: Int?) -> Mask {
    if mask.width > 0 {
      Self.grow(&mask, uncertainty: uncertainty, by: grow, feather: feather)
      clearKept()
    }
    guard var whole = drawn.take() else {
      var found = Mask(width: 0, height: 0)
      swap(&mask, &found)
      return found
    }
    Self.grow(&whole, uncertainty: 0, by: grow, feather: feather)
    if mask.width > 0 { whole.formUnion(mask) }
    return whole
  }

  private static func grow(
    _ mask: inout Mask, uncertainty: Int, by grow: Int?, feather: Int?
  ) {
    let plan = GrowthPlan(
      components: mask.components, width: mask.width, height: mask.height,
      uncertainty: uncertainty, grow: grow, feather: feather)
    mask.grow(by: plan)
  }

  /// By how many pixels what is found in a photo may be wrong at its edge; 1,000 at the most.
  ///
  /// Twice as much is closed, which is as far as `--grow` goes, and within what distances are measured up to:
  /// a picture may be millions of pixels long.
  static func uncertainty(longerSide: Int) -> Int { min(max(4, longerSide / 250), 1_000) }

  /// Adds what the segmentation network found in the photo.
  mutating func addObjects(
    _ selection: Selection, in scene: borrowing Scene, photo: borrowing Photo, name: String
  ) throws(EditingError) {
    uncertainty = Self.uncertainty(longerSide: max(photo.width, photo.height))
    mask = Mask(width: width, height: height)
    var selection = selection
    let drawn = drawn.take()
    switch drawn {
    case .some(let drawn):
      selection.clicks.removeAll {
        $0.allSatisfy { Self.covers(drawn, $0, orientation: photo.orientation) }
      }
    case .none: break
    }
    try findObjects(selection, in: scene, photo: photo, name: name)
    mask.close(radius: 2 * uncertainty)
    mask.fillGaps(upTo: 0.01)
    mask.extendToBorders(max(photo.width, photo.height) / 75)
    // Where gaps were closed; but what is clicked or boxed goes.
    if selection.clicks.isEmpty && selection.boxes.isEmpty { clearSpared() }
    kept = selection.kept.map {
      photo.orientation.stored(x: $0.x, y: $0.y, width: photo.width, height: photo.height)
    }
    clearKept()
    switch drawn {
    case .some(let drawn):
      var whole = Mask(mask.values.copy())
      whole.formUnion(drawn)
      others = scene.otherObjects(than: whole)
    case .none: others = scene.otherObjects(than: mask)
    }
    self.drawn = consume drawn
  }

  private mutating func findObjects(
    _ selection: Selection, in scene: borrowing Scene, photo: borrowing Photo, name: String
  ) throws(EditingError) {
    var missing: [String] = []
    var objects: [DetectedObject] = []
    for wanted in selection.objects + selection.exceptions {
      if let reason = ignorance(of: wanted.className) {
        // Even where other names match: a misspelt one must not be passed over.
        throw .nothingMatched(
          name: shown(name), detail: "\(reason); found: \(Self.census(scene.objects))")
      }
    }
    for wanted in selection.objects {
      let found = scene.objects.filter { wanted.means($0) }
      if found.isEmpty { missing.append("no \(wanted) found") }
      objects += found
    }
    if selection.distractors {
      let indices = scene.distractors()
      if indices.isEmpty { missing.append("no distractor found") }
      objects += scene.objects.filter { indices.contains($0.index) }
    }
    let isNamed = !objects.isEmpty
    objects.removeAll { object in selection.exceptions.contains { $0.means(object) } }
    let kept = selection.kept.map { Click($0, positive: false) }
    objects.removeAll { object in
      kept.contains { scene.shows(object.index, atX: $0.x, y: $0.y) }
    }
    if isNamed && objects.isEmpty { missing.append("everything that is named is kept") }
    var others = scene.objects.filter { other in
      !objects.contains { $0.index == other.index } && selection.spares(other)
    }
    var unclear: [String] = []
    for object in objects where !removed.contains(where: { $0.isSame(as: object) }) {
      let outlined = try outline(of: object, without: kept, in: scene)
      let isClear = outlined.certainty >= Self.leastCertainty
      if !isClear { unclear.append(object.name) }
      let hints = isClear ? outlined.hints : nil
      var part = outlined.mask
      complete(&part, hints, selection, in: scene, orientation: photo.orientation)
      try spare(&others, in: scene, near: &part, orientation: photo.orientation)
      add(part, of: object, score: Double(object.score), orientation: photo.orientation)
    }
    if !unclear.isEmpty { notes.append(Self.doubt(unclear)) }
    try addPrompts(selection, in: scene, orientation: photo.orientation, name: name)
    if removed.isEmpty {
      let reason = missing.isEmpty ? "nothing to select there" : missing.joined(separator: ", ")
      throw .nothingMatched(
        name: shown(name),
        detail: "\(reason); found: \(Self.census(scene.objects)); \(Self.otherWays)")
    }
    for wanted in selection.exceptions where !scene.objects.contains(where: { wanted.means($0) }) {
      missing.append("no \(wanted) found to keep")
    }
    notes += missing
  }

  /// What is said of objects whose outlines are not clear; of many the first are named.
  static func doubt(_ names: [String]) -> String {
    let shown = names.count > 4 ? names.prefix(3) + ["\(names.count - 3) more"] : names[...]
    let list =
      (shown.dropLast().isEmpty ? "" : shown.dropLast().joined(separator: ", ") + " and ")
      + (shown.last ?? "")
    let (have, each) = names.count == 1 ? ("has", "it") : ("have", "each")
    return
      "\(list) \(have) no clear outline: if the result is not what you meant, give a box or places "
      + "on \(each) instead (--box, --at), or a mask"
  }

  /// Clears a part of what is to stay, and takes the objects that it meets from those that are not outlined yet.
  private mutating func spare(
    _ waiting: inout [DetectedObject], in scene: borrowing Scene, near part: inout Mask,
    orientation: Orientation
  ) throws(EditingError) {
    var all = spared.take() ?? Mask(width: width, height: height)
    var rest: [DetectedObject] = []
    for other in waiting {
      let box = orientation.stored(other.box, width: width, height: height)
      if part.boundingBox(within: box) == nil {
        rest.append(other)
      } else {
        let outlined = try outline(of: other, carrying: false, in: scene)
        scene.addOwn(other.index, outlined: outlined.mask, to: &all)
      }
    }
    waiting = rest
    part.subtract(all)
    spared = consume all
  }

  /// Clears the mask on objects that are to stay.
  private mutating func clearSpared() {
    guard let all = spared.take() else { return }
    mask.subtract(all)
    spared = consume all
  }

  /// Adds to the mask of a thing its shadow, and what its outline leaves of it before even ground.
  ///
  /// - Parameters:
  ///   - hints: What came with its outline; `nil` where that is not clear.
  ///   - limits: A box beyond which it does not go.
  func complete(
    _ part: inout Mask, _ hints: Hints?, within limits: Rectangle? = nil, _ selection: Selection,
    in scene: borrowing Scene, orientation: Orientation
  ) {
    addShadow(to: &part, selection, in: scene, orientation: orientation)
    guard let hints else { return }
    scene.addRemains(
      to: &part, hints: hints, besides: selection.kept.map { Click($0, positive: false) },
      within: limits, keepsFoot: selection.keepsShadow)
  }

  /// Adds the shadow of a thing to its mask, unless it lies where something is to be kept.
  private func addShadow(
    to part: inout Mask, _ selection: Selection, in scene: borrowing Scene,
    orientation: Orientation
  ) {
    if selection.keepsShadow { return }
    if selection.kept.isEmpty {
      scene.addShadow(to: &part)
      return
    }
    var shaded = Mask(part.values.copy())
    scene.addShadow(to: &shaded)
    if selection.kept.contains(where: { Self.covers(shaded, $0, orientation: orientation) }) {
      return
    }
    swap(&part, &shaded)
  }

  /// Clears the mask at the places that are kept, and around each as far as a place is known.
  mutating func clearKept() {
    let radius = max(2, uncertainty / 2)
    for place in kept {
      for y in max(0, place.y - radius)...min(mask.height - 1, place.y + radius) {
        for x in max(0, place.x - radius)...min(mask.width - 1, place.x + radius) {
          let (dx, dy) = (x - place.x, y - place.y)
          if dx * dx + dy * dy <= radius * radius { mask.values[y, x] = 0 }
        }
      }
    }
  }

  /// Whether a mask in stored orientation covers an upright position.
  static func covers(
    _ mask: borrowing Mask, _ point: Selection.Point, orientation: Orientation
  ) -> Bool {
    let at = orientation.stored(x: point.x, y: point.y, width: mask.width, height: mask.height)
    return mask.values[at.y, at.x] >= 128
  }

  /// Adds a thing that was found.
  mutating func add(
    _ part: consuming Mask, of object: DetectedObject?, score: Double?, orientation: Orientation
  ) {
    note(part, of: object, score: score, orientation: orientation)
    mask.formUnion(part)
  }

  /// Notes what a part of the mask is.
  private mutating func note(
    _ part: borrowing Mask, of object: DetectedObject?, score: Double?, orientation: Orientation
  ) {
    guard let box = part.boundingBox else { return }
    removed.append(
      .init(
        className: object?.className, score: score,
        box: orientation.upright(box, width: part.width, height: part.height), area: part.count,
        index: object?.index))
  }

  /// What to try where names find nothing.
  private static let otherWays = "show it with --at X,Y, --box X,Y,W,H or a mask"

  /// What was found, by classes: `2 x person, 1 x dog`.
  private static func census(_ objects: [DetectedObject]) -> String {
    if objects.isEmpty { return "nothing that has a name here" }
    var names: [String] = []
    for object in objects where !names.contains(object.className) { names.append(object.className) }
    return names.map { name in
      "\(objects.count { $0.className == name }) x \(name)"
    }.joined(separator: ", ")
  }
}

/// Reads a mask, upright; errors name the file.
func readMask(_ path: String) throws(EditingError) -> Mask {
  let bytes = try FileSystem.readPicture(path)
  do {
    return try decodeMask(bytes, name: path)
  } catch {
    throw .picture(message: "\(shown(path)): \(error)")
  }
}

extension Mask {
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

extension Selection {
  /// Whether what is named beside an object leaves it as it is: exceptions, main subjects, and others of a class of
  /// which some are named by their numbers.
  fileprivate func spares(_ other: DetectedObject) -> Bool {
    distractors || exceptions.contains { $0.means(other) }
      || objects.contains { $0.ordinal != nil && $0.className == other.className }
  }
}

extension Selection.ObjectName {
  fileprivate func means(_ object: DetectedObject) -> Bool {
    className == object.className && (ordinal == nil || ordinal == object.classOrdinal)
  }
}

extension RemovalReport.Removed {
  fileprivate func isSame(as object: DetectedObject) -> Bool { index == object.index }
}
