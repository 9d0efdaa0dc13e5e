import Photos
import Segmentation

extension SelectedMask {
  /// Adds the wires before the sky, but for those that pass a place that is kept.
  mutating func addWires(
    _ selection: Selection, in photo: borrowing Photo, threads: Int, name: String
  ) throws(EditingError) {
    let found = wires(in: photo.pixels, orientation: photo.orientation, threads: threads)
    let kept = selection.kept.map {
      photo.orientation.stored(x: $0.x, y: $0.y, width: photo.width, height: photo.height)
    }
    let reach = Float(max(4, max(photo.width, photo.height) / 250))
    if !selection.needsScene && !found.isEmpty {
      for (place, given) in zip(kept, selection.kept)
      where !found.contains(where: { $0.passes(x: place.x, y: place.y, within: reach) }) {
        notes.append("no wire passes \(given): nothing is kept there")
      }
    }
    let gone = found.filter { wire in
      !kept.contains { wire.passes(x: $0.x, y: $0.y, within: reach) }
    }
    if gone.isEmpty {
      let reason = found.isEmpty ? "no wires found before the sky" : "every wire is kept"
      if removed.isEmpty && !selection.needsScene {
        throw .nothingMatched(name: shown(name), detail: reason)
      }
      notes.append(reason)
    }
    if gone.isEmpty { return }
    var drawn = self.drawn.take() ?? Mask(width: width, height: height)
    for wire in gone {
      let area = wire.draw(onto: &drawn)
      if area == 0 { continue }
      let box = wire.box.clipped(toWidth: width, height: height)
      removed.append(
        .init(
          className: "wire", score: nil,
          box: photo.orientation.upright(box, width: width, height: height), area: area,
          index: nil))
    }
    self.drawn = consume drawn
  }
}
