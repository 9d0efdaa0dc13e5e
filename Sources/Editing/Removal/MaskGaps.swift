import Photos
import Tensors

extension Mask {
  /// Fills what the mask encloses, where it is small beside the mask.
  ///
  /// What a network leaves out in an object's middle, a hundredth of its area or less, is the object as often
  /// as not; and a speck that stays leads the fill astray, while one too many is filled as all the rest.
  ///
  /// - Parameter share: The largest gap, in parts of the mask's area.
  mutating func fillGaps(upTo share: Double) {
    guard let box = boundingBox else { return }
    let largest = Int(share * Double(count))
    // One pixel around the mask joins all that is outside it; beyond the picture nothing is enclosed.
    let area = box.grown(by: 1).clipped(toWidth: width, height: height)
    var others = Mask(width: area.width, height: area.height)
    do {
      let from = values.span
      var to = others.values.mutableSpan
      for y in 0..<area.height {
        let line = (area.y + y) * width + area.x
        for x in 0..<area.width { to[y * area.width + x] = from[line + x] == 0 ? 255 : 0 }
      }
    }
    for part in others.components where part.area <= largest {
      let outer = part.box.grown(by: 1).clipped(toWidth: area.width, height: area.height)
      let isInside = outer.width == part.box.width + 2 && outer.height == part.box.height + 2
      guard isInside else { continue }
      for (x, y) in others.enclosed(in: outer) { values[area.y + y, area.x + x] = 255 }
    }
  }

  /// The set pixels of a box from which no way over set pixels leads to its border.
  private func enclosed(in box: Rectangle) -> [(x: Int, y: Int)] {
    var isOpen = Tensor<Bool>(height: box.height, width: box.width, repeating: false)
    var waiting: [(x: Int, y: Int)] = []
    func open(_ x: Int, _ y: Int) {
      guard (0..<box.width).contains(x), (0..<box.height).contains(y), !isOpen[y, x],
        values[box.y + y, box.x + x] != 0
      else { return }
      isOpen[y, x] = true
      waiting.append((x, y))
    }
    for x in 0..<box.width {
      open(x, 0)
      open(x, box.height - 1)
    }
    for y in 0..<box.height {
      open(0, y)
      open(box.width - 1, y)
    }
    while let (x, y) = waiting.popLast() {
      for dy in -1...1 { for dx in -1...1 { open(x + dx, y + dy) } }
    }
    var found: [(x: Int, y: Int)] = []
    for y in 0..<box.height {
      for x in 0..<box.width where !isOpen[y, x] && values[box.y + y, box.x + x] != 0 {
        found.append((box.x + x, box.y + y))
      }
    }
    return found
  }
}
