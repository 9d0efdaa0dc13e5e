import Photos
import Segmentation
import Tensors

extension SelectedMask {
  /// Adds what is clicked and boxed.
  ///
  /// A box is one thing, with the clicks inside it to refine it; where nothing stands out in a box without
  /// clicks, all of it goes. Every other click is one thing, unless what is selected before covers it already.
  mutating func addPrompts(
    _ selection: Selection, in scene: borrowing Scene, orientation: Orientation, name: String
  ) throws(EditingError) {
    let upright = orientation.uprightSize(width: mask.width, height: mask.height)
    let kept = selection.kept.map { Click($0, positive: false) }
    var clicks = selection.clicks
    var prompts: [(clicks: [Click], box: Rectangle?)] = []
    for box in selection.boxes {
      let inside = clicks.filter { $0.contains { box.contains(x: $0.x, y: $0.y) } }
      clicks.removeAll { $0.contains { box.contains(x: $0.x, y: $0.y) } }
      // What is kept farther away says nothing about what is in the box.
      let near = Rectangle(
        x: box.x - box.width / 2, y: box.y - box.height / 2, width: 2 * box.width,
        height: 2 * box.height)
      let keptNear = kept.filter { near.contains(x: $0.x, y: $0.y) }
      prompts.append((inside.joined().map { Click($0, positive: true) } + keptNear, box))
    }
    for group in clicks {
      prompts.append((group.map { Click($0, positive: true) } + kept, nil))
    }
    for prompt in prompts {
      if prompt.box == nil {
        let places = prompt.clicks.filter(\.positive).map { Selection.Point(x: $0.x, y: $0.y) }
        if places.allSatisfy({ Self.covers(mask, $0, orientation: orientation) }) { continue }
      }
      do {
        var answer = try scene.answer(clicks: prompt.clicks, box: prompt.box)
        let on = prompt.clicks.filter(\.positive)
        var isPole = false
        if answer.certainty < Self.leastCertainty, prompt.box == nil, on.count == 1,
          let pole = try scene.pole(at: on[0], without: kept)
        {
          answer = pole
          isPole = true
        }
        let certainty = answer.certainty
        let hints = certainty < Self.leastCertainty ? nil : answer.hints
        var part = answer.mask
        part.binarize()
        let area = prompt.box.map { box in
          orientation.stored(
            box.clipped(toWidth: upright.width, height: upright.height), width: mask.width,
            height: mask.height)
        }
        if let box = prompt.box, let area, !Self.standsOut(part.boundingBox, in: area),
          !prompt.clicks.contains(where: \.positive)
        {
          part.fill(area)
          notes.append("nothing stands out in the box \(box.words): all of it goes")
          add(part, of: nil, score: nil, orientation: orientation)
        } else {
          let found = part.boundingBox
          if prompt.box == nil { noteTaken(by: part, of: prompt.clicks, in: scene) }
          // A pole is too thin to tell its shadow from a kerb or a fence.
          if !isPole {
            // A box is drawn around all of the thing.
            let limits = prompt.box.map { $0.grown(by: max($0.width, $0.height) / 10) }
            complete(&part, hints, within: limits, selection, in: scene, orientation: orientation)
          }
          add(part, of: nil, score: certainty, orientation: orientation)
          if prompt.box == nil, let found, isSpot(found) {
            let size = orientation.uprightSize(width: found.width, height: found.height)
            notes.append(
              "only a spot of \(size.width) x \(size.height) pixels stands out at "
                + Self.places(prompt.clicks))
          } else if certainty < Self.leastCertainty {
            notes.append(Self.doubt(prompt.clicks, prompt.box))
          }
        }
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

  /// What is less certain gets a note.
  ///
  /// Of validation objects that were clicked, a fifth had less; of their masks, six in ten had an IoU below
  /// a half, of the others one in ten. Of boxes one in twenty had less; half of these had one below a
  /// half, of the others one in thirty. Of named objects a tenth have less: eight in nine of their masks have
  /// an IoU below 0.6, of the others four in ten.
  static let leastCertainty = 0.45

  /// Says which other objects go with what was clicked, and how they stay.
  ///
  /// They are not numbered: without names the photo is not searched as closely as `efface detect` does, which numbers them.
  private mutating func noteTaken(
    by part: borrowing Mask, of clicks: [Click], in scene: borrowing Scene
  ) {
    for (object, place) in scene.objects(takenBy: part, besides: clicks)
    where !removed.contains(where: { $0.index == object.index }) {
      notes.append(
        "what is at \(Self.places(clicks)) takes a \(object.className) along: give --not-at "
          + "\(place.x),\(place.y) if that should stay")
    }
  }

  /// Whether what was found is so small that the click may have met nothing at all.
  private func isSpot(_ found: Rectangle) -> Bool {
    40 * max(found.width, found.height) <= max(mask.width, mask.height)
  }

  /// The places on the thing, as they are given; of many the first.
  private static func places(_ clicks: [Click]) -> String {
    let on = clicks.filter(\.positive).map { Selection.Point(x: $0.x, y: $0.y) }
    return Array(on.prefix(3)).words + (on.count > 3 ? "+…" : "")
  }

  private static func doubt(_ clicks: [Click], _ box: Rectangle?) -> String {
    let places = places(clicks)
    if let box {
      return "what is in the box \(box.words) has no clear outline: if the result is not what you "
        + "meant, refine it with --at or --not-at, or give a mask"
    }
    return "what is at \(places) has no clear outline: if the result is not what you meant, give "
      + "more places on it (--at \(places)+x,y), --not-at, or a box instead"
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
}

extension Click {
  init(_ point: Selection.Point, positive: Bool) {
    self.init(x: point.x, y: point.y, positive: positive)
  }
}
