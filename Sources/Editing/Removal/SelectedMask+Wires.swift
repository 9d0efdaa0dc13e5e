import Photos
import Segmentation

extension SelectedMask {
  /// Adds wires before the sky: all of them, or those that are clicked; but for those that pass a place that is
  /// kept.
  ///
  /// Clicks that are on wires are taken out of the selection. Those in a box are on what is in the box, and those
  /// that a mask covers on what it covers.
  mutating func addWires(
    _ selection: inout Selection, in photo: borrowing Photo, threads: Int, name: String
  ) throws(EditingError) {
    let (orientation, width, height) = (photo.orientation, width, height)
    func stored(_ point: Selection.Point) -> (x: Int, y: Int) {
      orientation.stored(x: point.x, y: point.y, width: width, height: height)
    }
    let boxes = selection.boxes
    var clicked = selection.clicks.filter { group in
      !group.contains { point in boxes.contains { $0.contains(x: point.x, y: point.y) } }
    }
    let masked = drawn.take()
    switch masked {
    case .some(let masked):
      clicked.removeAll { $0.allSatisfy { Self.covers(masked, $0, orientation: orientation) } }
    case .none: break
    }
    drawn = consume masked
    if !selection.wires && clicked.isEmpty { return }
    let found = wires(
      in: photo.pixels, orientation: orientation,
      near: selection.wires ? nil : clicked.joined().map(stored), threads: threads)
    let reach = Float(Self.uncertainty(longerSide: max(width, height)))
    func isOn(_ wire: Wire, _ point: Selection.Point) -> Bool {
      let place = stored(point)
      return wire.distance(fromX: place.x, y: place.y) <= reach
    }
    let kept = selection.kept
    if selection.wires && !selection.needsScene && !found.isEmpty {
      for point in kept where !found.contains(where: { isOn($0, point) }) {
        notes.append("no wire passes \(point): nothing is kept there")
      }
    }
    var gone = found.filter { wire in !kept.contains { isOn(wire, $0) } }
    if gone.isEmpty && selection.wires {
      let reason = found.isEmpty ? "no wires found before the sky" : "every wire is kept"
      if removed.isEmpty && !selection.needsScene {
        throw .nothingMatched(name: shown(name), detail: reason)
      }
      notes.append(reason)
    }
    let onWires = clicked.filter { $0.allSatisfy { point in gone.contains { isOn($0, point) } } }
    if !selection.wires {
      // Where wires cross, the nearest one.
      let nearest = onWires.joined().compactMap { point in
        let place = stored(point)
        return gone.indices.min {
          gone[$0].distance(fromX: place.x, y: place.y)
            < gone[$1].distance(fromX: place.x, y: place.y)
        }
      }
      gone = Set(nearest).sorted().map { gone[$0] }
    }
    selection.clicks.removeAll { onWires.contains($0) }
    if !gone.isEmpty { draw(gone, orientation: orientation) }
  }

  private mutating func draw(_ wires: [Wire], orientation: Orientation) {
    var drawn = self.drawn.take() ?? Mask(width: width, height: height)
    for wire in wires {
      let area = wire.draw(onto: &drawn)
      if area == 0 { continue }
      let box = wire.box.clipped(toWidth: width, height: height)
      removed.append(
        .init(
          className: "wire", score: nil,
          box: orientation.upright(box, width: width, height: height), area: area, index: nil))
    }
    self.drawn = consume drawn
  }
}
