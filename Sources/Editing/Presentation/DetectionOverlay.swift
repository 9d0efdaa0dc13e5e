import Kernels
import Photos
import Tensors

/// Draws what was detected, or what would go, onto a photo: tinted and outlined, with numbers and a legend below.
enum DetectionOverlay {
  /// A copy of the photo with the objects drawn on it, and below it one entry an object.
  ///
  /// Lines and letters grow with the photo. Large objects are drawn first, so that small ones before
  /// them stay visible.
  ///
  /// - Parameters:
  ///   - pixels: RGB, upright.
  ///   - objects: With masks of the photo's size.
  ///   - isNumbered: Whether there are numbers and a legend.
  /// - Precondition: The photo has three channels and at least one pixel.
  static func drawn(
    on pixels: borrowing Tensor<UInt8>, objects: [PresentedObject], isNumbered: Bool = true
  ) -> Tensor<UInt8> {
    precondition(pixels.channels == 3 && pixels.count > 0, "an overlay needs an RGB photo")
    let scale = scale(width: pixels.width, height: pixels.height)
    let legend = Legend(objects: isNumbered ? objects : [], width: pixels.width, scale: scale)
    var canvas = Tensor<UInt8>(
      height: pixels.height + legend.height, width: pixels.width, channels: 3, repeating: 24)
    canvas.paste(pixels, x: 0, y: 0)
    let largestFirst = objects.sorted { ($0.runs.count, $1.index) > ($1.runs.count, $0.index) }
    for object in largestFirst {
      precondition(
        object.runs.width == pixels.width && object.runs.height == pixels.height,
        "an object's mask has the photo's size")
      canvas.tint(object)
      canvas.outline(object, radius: max(1, Double(scale) * 0.6))
    }
    for object in largestFirst where isNumbered {
      canvas.number(object, scale: scale, within: (pixels.width, pixels.height))
    }
    legend.draw(on: &canvas, top: pixels.height)
    return canvas
  }

  /// Pixels to a dot of a letter: the longer side tells, but a letter is no higher than a strip is.
  static func scale(width: Int, height: Int) -> Int {
    let longest = max(width, height)
    let least = longest < 320 ? 1 : 2
    return max(least, min((longest + 220) / 440, min(width, height) / BitmapFont.height))
  }
}

/// Where the entries of a legend stand.
private struct Legend {
  private struct Entry {
    let object: PresentedObject
    let x: Int
    let line: Int
  }

  private let scale: Int
  private let lines: Int
  private var entries: [Entry] = []

  /// Sets the entries from left to right, and goes on in a new line where one does not fit.
  init(objects: [PresentedObject], width: Int, scale: Int) {
    self.scale = scale
    var x = 0
    var line = 0
    for object in objects {
      let needed = Self.width(of: object, scale: scale)
      if x > 0, x + needed > width { (x, line) = (0, line + 1) }
      entries.append(Entry(object: object, x: x, line: line))
      x += needed
    }
    lines = objects.isEmpty ? 0 : line + 1
  }

  /// Rows of pixels.
  var height: Int { lines == 0 ? 0 : (lines * Self.lineDots + 4) * scale }

  private static let lineDots = BitmapFont.height + 7

  /// A margin, the number's badge, a gap, the text.
  private static func width(of object: PresentedObject, scale: Int) -> Int {
    (4 + BitmapFont.width(of: "\(object.index)") + 6 + 4 + BitmapFont.width(of: text(object)) + 6)
      * scale
  }

  private static func text(_ object: PresentedObject) -> String {
    guard let score = object.score else { return object.label }
    return "\(object.label) \(Int((score * 100).rounded()))%"
  }

  func draw(on canvas: inout Tensor<UInt8>, top: Int) {
    for entry in entries {
      let y = top + (entry.line * Self.lineDots + 4) * scale
      let number = "\(entry.object.index)"
      let x = entry.x + 4 * scale
      canvas.badge(number, color: entry.object.color, scale: scale, x: x, y: y)
      let textX = x + (BitmapFont.width(of: number) + 6 + 3) * scale
      canvas.write(
        Self.text(entry.object), color: [236, 236, 234], scale: scale, x: textX, y: y + scale)
    }
  }
}

extension Tensor where Element == UInt8 {
  /// Mixes a colour into one pixel: `amount` of 256 parts.
  private mutating func mix(_ color: SIMD3<UInt8>, x: Int, y: Int, amount: Int) {
    for channel in 0..<3 {
      let old = Int(self[y, x, channel])
      self[y, x, channel] = UInt8(old + ((Int(color[channel]) - old) * amount + 128) >> 8)
    }
  }

  /// Lays an object's colour over its pixels; the picture stays visible below.
  fileprivate mutating func tint(_ object: PresentedObject) {
    for run in object.runs.runs {
      for x in run.columns { mix(object.color, x: x, y: run.row, amount: 96) }
    }
  }

  /// Draws a line in the object's colour around its pixels, with a dark edge for bright places.
  fileprivate mutating func outline(_ object: PresentedObject, radius: Double) {
    guard let first = object.runs.runs.first, let last = object.runs.runs.last else { return }
    var columns = first.columns
    for run in object.runs.runs {
      columns =
        min(
          columns.lowerBound, run.columns.lowerBound)..<max(
          columns.upperBound, run.columns.upperBound)
    }
    // The object on its own, with room for the line, as far as the photo goes.
    let place = Rectangle(
      x: columns.lowerBound, y: first.row, width: columns.count, height: last.row - first.row + 1
    )
    .grown(by: Int(2 * radius) + 2)
    .clipped(toWidth: object.runs.width, height: object.runs.height)
    var shape = Tensor<UInt8>(height: place.height, width: place.width, repeating: 0)
    for run in object.runs.runs {
      for x in run.columns { shape[run.row - place.y, x - place.x] = 1 }
    }
    let inner = dilated(shape, radius: radius)
    let outer = dilated(shape, radius: 2 * radius)
    for y in 0..<place.height {
      for x in 0..<place.width where outer[y, x] != 0 && shape[y, x] == 0 {
        let (toX, toY) = (place.x + x, place.y + y)
        if inner[y, x] != 0 {
          mix(object.color, x: toX, y: toY, amount: 256)
        } else {
          mix([0, 0, 0], x: toX, y: toY, amount: 128)
        }
      }
    }
  }

  /// Puts an object's number on it, moved where it would leave the photo.
  fileprivate mutating func number(
    _ object: PresentedObject, scale: Int, within size: (width: Int, height: Int)
  ) {
    let text = "\(object.index)"
    let anchor =
      object.runs.anchor
      ?? (object.box.x + object.box.width / 2, object.box.y + object.box.height / 2)
    let badgeWidth = (BitmapFont.width(of: text) + 6) * scale
    let badgeHeight = (BitmapFont.capHeight + 4) * scale
    badge(
      text, color: object.color, scale: scale,
      x: min(max(anchor.x - badgeWidth / 2, 0), max(0, size.width - badgeWidth)),
      y: min(max(anchor.y - badgeHeight / 2, 0), max(0, size.height - badgeHeight)))
  }

  /// A dark plate with a coloured edge and a number on it.
  fileprivate mutating func badge(
    _ text: String, color: SIMD3<UInt8>, scale: Int, x: Int, y: Int
  ) {
    let (right, bottom) = (
      x + (BitmapFont.width(of: text) + 6) * scale, y + (BitmapFont.capHeight + 4) * scale
    )
    for row in max(y, 0)..<max(min(bottom, height), max(y, 0)) {
      for column in max(x, 0)..<max(min(right, width), max(x, 0)) {
        let isEdge =
          row < y + scale || row >= bottom - scale || column < x + scale
          || column >= right - scale
        mix(isEdge ? color : [20, 20, 20], x: column, y: row, amount: isEdge ? 256 : 224)
      }
    }
    write(text, color: [255, 255, 255], scale: scale, x: x + 2 * scale, y: y + scale)
  }

  /// Writes a line of text whose margin of one dot begins at `x`, `y`; what does not fit is cut off.
  fileprivate mutating func write(
    _ text: String, color: SIMD3<UInt8>, scale: Int, x: Int, y: Int
  ) {
    let ink = BitmapFont.ink(text, scale: scale)
    for row in 0..<ink.height where y + row >= 0 && y + row < height {
      for column in 0..<ink.width where ink[row, column] > 0 {
        guard x + column >= 0, x + column < width else { continue }
        mix(color, x: x + column, y: y + row, amount: Int(ink[row, column]) + 1)
      }
    }
  }
}
