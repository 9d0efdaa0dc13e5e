import Tensors
import Testing

@testable import Segmentation

/// A street, 320 pixels wide and 240 high: bright above, dark and rough below, and what stands in front of it.
private struct Street: ~Copyable {
  static let (width, height, horizon) = (320, 240, 130)
  var picture = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 0)

  init() {
    for y in 0..<Self.height {
      for x in 0..<Self.width {
        let noise = (x &* 73 &+ y &* 151 &+ x &* y &* 7) % 23 - 11
        for c in 0..<3 {
          let value = y < Self.horizon ? [170, 190, 210][c] + noise / 4 : [70, 75, 60][c] + noise
          picture[y, x, c] = UInt8(value)
        }
      }
    }
  }

  /// Puts up a grey bar; its foot's left edge is `left`, and so many columns a row it leans to the right.
  mutating func put(rows: Range<Int>, left: Double, width: Double, lean: Double = 0) {
    for y in rows {
      let from = left + lean * Double(y - rows.upperBound)
      for x in 0..<Self.width {
        let part = max(0, min(1, min(Double(x) + 1 - from, from + width - Double(x))))
        for c in 0..<3 {
          let value = Double(picture[y, x, c]) * (1 - part) + 125 * part
          picture[y, x, c] = UInt8(value.rounded())
        }
      }
    }
  }

  func pole(x: Int, y: Int) -> Pole? { PoleSearch(picture, x: x, y: y).pole() }
}

@Suite struct PoleTests {
  @Test(arguments: [(3, 0), (6, 0.05), (6, -0.1), (12, 0.02)])
  func isFoundBeforeAllThatIsBehindIt(width: Double, lean: Double) throws {
    var street = Street()
    street.put(rows: 20..<220, left: 150, width: width, lean: lean)
    for y in [40, 125, 200] {
      let x = Int(150 + lean * Double(y - 220) + width / 2)
      let found = street.pole(x: x, y: y)
      let pole = try #require(found, "from row \(y)")
      #expect(abs(pole.rows.lowerBound - 20) <= 4 && abs(pole.rows.upperBound - 220) <= 4)
      for row in [30, 120, 210] {
        let truth = Float(150 + lean * Double(row - 220))
        #expect(abs(pole.left(at: row) - truth) <= 2, "\(pole)")
        #expect(abs(pole.left(at: row) + Float(pole.width) - truth - Float(width)) <= 2, "\(pole)")
      }
      #expect(pole.isClear)
    }
  }

  @Test func isFollowedPastWhatCoversIt() throws {
    var street = Street()
    street.put(rows: 20..<220, left: 150, width: 5)
    for y in 100..<106 { for x in 140..<170 { street.picture[y, x, 0] = 20 } }
    let found = street.pole(x: 152, y: 160)
    let pole = try #require(found)
    #expect(pole.rows.contains(30) && pole.rows.contains(200), "\(pole)")
  }

  @Test func nothingElseIsAPole() {
    var street = Street()
    let empty = [(100, 60), (100, 180), (0, 0), (319, 239)].compactMap { street.pole(x: $0, y: $1) }
    #expect(empty.isEmpty)
    // Too short, too wide, and the edge of a wall.
    street.put(rows: 60..<100, left: 60, width: 8)
    street.put(rows: 20..<220, left: 120, width: 40)
    street.put(rows: 20..<220, left: 240, width: 80)
    for (x, y) in [(64, 80), (140, 100), (241, 100), (300, 100)] {
      let found = street.pole(x: x, y: y)
      #expect(found == nil, "\(x), \(y)")
    }
    let small = Tensor<UInt8>(height: 1, width: 1, channels: 3, repeating: 9)
    let none = PoleSearch(small, x: 0, y: 0).pole()
    #expect(none == nil)
  }
}
