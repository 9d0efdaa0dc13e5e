import Photos
import Testing

@testable import Segmentation

/// A lawn of 60 x 160 pixels, more or less even, with a dark thing of 12 x 100 in its middle and a bar that sticks out of it.
private struct Lawn {
  static let grid = Grid(height: 60, width: 160)
  var colours: [SIMD4<Float>]
  var object = pixels(rows: 24..<36, columns: 30..<130)
  var others = [Bool](repeating: false, count: 60 * 160)
  var hints = [Float](repeating: 0.03, count: 60 * 160)
  var ends = Remains.Ends(left: false, right: false, above: false, below: false)
  let bar: [Bool]

  static func pixels(rows: Range<Int>, columns: Range<Int>) -> [Bool] {
    (0..<60 * 160).map { rows.contains($0 / 160) && columns.contains($0 % 160) }
  }

  init(
    bar: [Bool] = pixels(rows: 29..<31, columns: 130..<150), roughness: Float = 4,
    contrast: Float = 90
  ) {
    self.bar = bar
    colours = (0..<60 * 160).map { index in
      let noise = Float((index &* 7919 &+ index / 160 &* 104_729) % 201) / 100 - 1
      return SIMD4(90, 150, 60, 1) + SIMD4(SIMD3(repeating: noise * roughness), 0)
    }
    for index in colours.indices {
      if bar[index] { colours[index].y -= contrast }
      if object[index] { colours[index] = SIMD4(20, 20, 30, 1) }
    }
  }

  func remains(where isAllowed: (Rectangle) -> Bool = { _ in true }) -> [Bool]? {
    Remains(
      grid: Self.grid, colours: colours, object: object, others: others, hints: hints, ends: ends
    ).pixels(where: isAllowed)
  }

  /// Whether all of the bar beside the thing is found, and little else.
  var isFound: Bool {
    guard let found = remains() else { return false }
    let missed = bar.indices.contains { bar[$0] && !object[$0] && !found[$0] }
    return !missed && found.count { $0 } < 8 * bar.count { $0 }
  }
}

@Suite struct RemainsTests {
  @Test func aBarThatTheThingHoldsIsFound() {
    #expect(Lawn().isFound)
    #expect(Lawn(bar: Lawn.pixels(rows: 36..<52, columns: 80..<82)).isFound)
  }

  @Test func itMustTouchTheThing() {
    #expect(Lawn(bar: Lawn.pixels(rows: 29..<31, columns: 142..<155)).remains() == nil)
  }

  @Test func itMustStandOutFromEvenGround() {
    #expect(Lawn(contrast: 40).remains() == nil)
    #expect(Lawn(roughness: 30).remains() == nil)
    #expect(Lawn(roughness: 12).isFound)
  }

  @Test func itMustEndInThePictureOrWithThePhoto() {
    var lawn = Lawn(bar: Lawn.pixels(rows: 29..<31, columns: 130..<160))
    #expect(lawn.remains() == nil)
    lawn.ends.left = true
    #expect(lawn.remains() == nil)
    lawn.ends.right = true
    #expect(lawn.isFound)
  }

  @Test func itMustBeSmall() {
    let stick = Lawn.pixels(rows: 29..<31, columns: 130..<152)
    let sign = Lawn.pixels(rows: 6..<54, columns: 150..<152)
    #expect(Lawn(bar: stick).isFound)
    #expect(Lawn(bar: stick.indices.map { stick[$0] || sign[$0] }).remains() == nil)
  }

  @Test func theNetworkMustTakeItForAPartByATrace() {
    var lawn = Lawn()
    lawn.hints = lawn.hints.map { _ in 0.005 }
    #expect(lawn.remains() == nil)
    // What rises above the thing may be a mast behind it.
    var mast = Lawn(bar: Lawn.pixels(rows: 8..<24, columns: 80..<82))
    #expect(mast.remains() == nil)
    mast.hints = mast.hints.map { _ in 0.1 }
    #expect(mast.isFound)
  }

  @Test func whatIsOtherOrNotAllowedStays() {
    var lawn = Lawn()
    var box: Rectangle?
    _ = lawn.remains {
      box = $0
      return true
    }
    #expect(box.map { abs($0.maxX - 150) <= 2 && abs($0.y - 28) <= 1 } ?? false)
    #expect(lawn.remains { _ in false } == nil)
    lawn.others = lawn.bar
    #expect(lawn.remains() == nil)
  }
}
