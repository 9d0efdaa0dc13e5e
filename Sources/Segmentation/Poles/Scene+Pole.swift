import Photos
import Tensors

extension Scene {
  /// The pole or post that a click is on, with what it carries; `nil` where it is on none.
  ///
  /// For clicks whose answer has no clear outline: the network, which sees a thing's neighbourhood in cells that
  /// are wider than a pole, outlines it well only from a box. The box is drawn around the bar that is seen there.
  ///
  /// - Parameters:
  ///   - click: On it.
  ///   - kept: Negative clicks, such as on the sign that it carries.
  /// - Throws: `NetworkError` when the network lacks the graph for prompts.
  public func pole(at click: Click, without kept: [Click]) throws -> PromptedMask? {
    let scale = max(1, Float(max(view.width, view.height)) / Float(PoleSearch.side))
    let (height, width) = (Int(Float(view.height) / scale), Int(Float(view.width) / scale))
    if height == 0 || width == 0 { return nil }
    let search = PoleSearch(
      view.reduced(view.frame, height: height, width: width),
      x: min(width - 1, Int((Float(click.x) + 0.5) / scale)),
      y: min(height - 1, Int((Float(click.y) + 0.5) / scale)))
    guard let pole = search.pole() else { return nil }
    let (first, last) = (pole.rows.lowerBound, pole.rows.upperBound - 1)
    let margin = 1 + Float(pole.width) / 2
    let left = (min(pole.left(at: first), pole.left(at: last)) - margin) * scale
    let right =
      (max(pole.left(at: first), pole.left(at: last)) + Float(pole.width) + margin) * scale
    let (top, bottom) = (Float(first - 2) * scale, Float(last + 4) * scale)
    let box = Rectangle(
      x: Int(left), y: Int(top), width: Int(right) - Int(left), height: Int(bottom) - Int(top)
    ).clipped(toWidth: view.width, height: view.height)
    let near = kept.filter { box.grown(by: box.width).contains(x: $0.x, y: $0.y) }
    var answer = try answer(clicks: near, box: box)
    if answer.certainty < Self.leastCertainty && !pole.isClear { return nil }
    view.draw(pole, scale: scale, onto: &answer.mask)
    return answer
  }

  /// Of validation objects on which clicks had no clear outline, bars were seen in three of ten; the answers to
  /// their boxes were less certain in all but a few, as those to the boxes around poles are seldom.
  private static let leastCertainty = 0.43
}

extension View {
  /// Sets a pole's pixels and a rim of one of the picture's to 255.
  ///
  /// - Parameter scale: Pixels of the upright photo to one of the picture in which it was found.
  fileprivate func draw(_ pole: Pole, scale: Float, onto mask: inout Mask) {
    let rows = Int(Float(pole.rows.lowerBound) * scale)..<Int(Float(pole.rows.upperBound) * scale)
    for y in rows.clamped(to: 0..<height) {
      let left = pole.left + pole.lean * (Float(y) / scale - Float(pole.row))
      let columns = Int((left - 1) * scale)..<Int((left + Float(pole.width) + 1) * scale)
      for x in columns.clamped(to: 0..<width) {
        let place = orientation.stored(x: x, y: y, width: storedWidth, height: storedHeight)
        mask.values[place.y, place.x] = 255
      }
    }
  }
}
