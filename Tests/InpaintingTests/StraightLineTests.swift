import Tensors
import Testing

@testable import Inpainting

@Suite struct StraightLineTests {
  static let side = 128
  static let hole = 40..<90

  /// A grey picture, and the same with a grey square hole in its middle.
  struct Pictures: ~Copyable {
    var truth: Tensor<UInt8>
    var holed: Tensor<UInt8>
    var known: Tensor<UInt8>

    init(_ level: (Float, Float) -> Float) {
      let (side, hole) = (StraightLineTests.side, StraightLineTests.hole)
      truth = Tensor(height: side, width: side, channels: 3, repeating: 0)
      known = Tensor(height: side, width: side, repeating: 255)
      for y in 0..<side {
        for x in 0..<side {
          let value = UInt8(max(0, min(255, level(Float(x), Float(y)))))
          for c in 0..<3 { truth[y, x, c] = value }
        }
      }
      holed = truth.copy()
      for y in hole {
        for x in hole {
          known[y, x] = 0
          for c in 0..<3 { holed[y, x, c] = 128 }
        }
      }
    }

    var lines: [StraightLine] { LineSearch(LineField(holed, known: known)).lines() }
  }

  func lines(_ level: (Float, Float) -> Float) -> [StraightLine] { Pictures(level).lines }

  /// Dark above and bright below a slanted path, not sharper than a lens makes it.
  func edge(_ x: Float, _ y: Float) -> Float {
    let distance = (y - 0.2 * x - 52) * 0.98
    return 60 + 120 * max(0, min(1, 0.5 + distance / 2))
  }

  @Test func looksOnlyIntoHolesInWhichALineCanBeLost() {
    for (rows, isWide) in [(60..<66, false), (60..<80, true)] {
      var known = Tensor<UInt8>(height: 128, width: 128, repeating: 255)
      for y in rows { for x in 20..<110 { known[y, x] = 0 } }
      let canFind = LineSearch.canFind(in: known)
      #expect(canFind == isWide)
    }
  }

  @Test func drawsAnEdgeThroughAHole() throws {
    let pictures = Pictures(edge)
    let lines = pictures.lines
    try #require(lines.count == 1)
    var drawn = pictures.holed.copy()
    lines[0].draw(onto: &drawn, known: pictures.known)
    var compared = 0
    for y in 0..<StraightLineTests.side {
      for x in 0..<StraightLineTests.side {
        let distance = abs((Float(y) - 0.2 * Float(x) - 52) * 0.98)
        let (value, wanted) = (Int(drawn[y, x, 0]), Int(pictures.truth[y, x, 0]))
        if pictures.known[y, x] != 0 || distance > 7 {
          #expect(value == Int(pictures.holed[y, x, 0]))
        } else if distance < 2.5 {
          #expect(abs(value - wanted) < 40, "\(x), \(y): \(value) for \(wanted)")
          compared += abs(value - wanted) < 12 ? 1 : 0
        }
      }
    }
    #expect(compared > 200)
  }

  /// A bright line that grows darker from left to right.
  @Test func passesFromOneEndToTheOther() throws {
    let pictures = Pictures { x, y in abs(y - 64) < 2 ? 200 - x / 2 : 40 }
    let lines = pictures.lines
    try #require(!lines.isEmpty)
    var drawn = pictures.holed.copy()
    for line in lines { line.draw(onto: &drawn, known: pictures.known) }
    for x in StraightLineTests.hole {
      #expect(abs(Int(drawn[64, x, 1]) - Int(pictures.truth[64, x, 1])) < 16)
    }
  }

  /// What goes in at one place and comes out at another is not one line.
  @Test func ignoresAStep() {
    #expect(lines { x, y in y < (x < 64 ? 50 : 74) ? 60 : 180 }.isEmpty)
  }

  @Test func ignoresAnEdgeOnOneSideOnly() {
    #expect(lines { x, y in x < 64 && y > 60 ? 180 : 60 }.isEmpty)
  }

  @Test func ignoresOtherColorsBehindTheHole() {
    #expect(lines { x, y in (y < 64) == (x < 64) ? 180 : 60 }.isEmpty)
  }

  /// An edge that is seen for a few pixels only is as likely a corner of something.
  @Test func ignoresShortEnds() {
    #expect(!lines { x, y in y < 64 ? 60 : 180 }.isEmpty)
    #expect(lines { x, y in x > 32 && x < 98 && y > 64 ? 180 : 60 }.isEmpty)
  }

  @Test func ignoresTexture() {
    var state: UInt32 = 1
    let noise = (0..<StraightLineTests.side * StraightLineTests.side).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 24)
    }
    #expect(lines { x, y in noise[Int(y) * StraightLineTests.side + Int(x)] }.isEmpty)
  }

  /// Of lines that cross, the strongest is drawn.
  @Test func drawsNoCrossings() {
    let found = lines { x, y in
      let (level, plumb) = (abs(y - 64) < 3, abs(x - 64) < 3)
      return level ? 220 : plumb ? 140 : 40
    }
    #expect(!found.isEmpty)
    for line in found { #expect(abs(line.start.y - line.end.y) < 1) }
  }
}
