import Photos
import Tensors
import Testing

@testable import Segmentation

/// A lawn of 60 x 160 pixels, more or less even, with a dark thing of 12 x 100 in its middle and a bar that sticks out of it.
private struct Lawn {
  static let grid = Grid(height: 60, width: 160)
  var colours: [SIMD4<Float>]
  var object = pixels(rows: 24..<36, columns: 30..<130)
  var others = [Bool](repeating: false, count: 60 * 160)
  var kept = [Bool](repeating: false, count: 60 * 160)
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
      grid: Self.grid, colours: colours, object: object, others: others, kept: kept,
      hints: hints, ends: ends
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
    lawn.kept[30 * 160 + 140] = true
    #expect(lawn.remains() == nil)
    // Beside the bar there is nothing to keep of it.
    lawn.kept = Lawn.pixels(rows: 40..<41, columns: 140..<141)
    #expect(lawn.isFound)
    lawn.others = lawn.bar
    #expect(lawn.remains() == nil)
  }
}

/// A grey photo of 200 x 150 pixels with a dark ball, its mask, and a stick that the mask leaves.
private struct Ball: ~Copyable {
  let orientation: Orientation
  let view: View
  var mask: Mask

  init(orientation: Orientation, stick: Rectangle) {
    self.orientation = orientation
    var upright = Tensor<UInt8>(height: 150, width: 200, channels: 3, repeating: 0)
    var ball = Tensor<UInt8>(height: 150, width: 200, repeating: 0)
    for y in 0..<150 {
      for x in 0..<200 {
        let isBall = (x - 90) * (x - 90) + (y - 75) * (y - 75) < 900
        let isDark = isBall || stick.contains(x: x, y: y)
        for c in 0..<3 { upright[y, x, c] = isDark ? 30 : UInt8(150 + (x * 7 + y * 13) % 5) }
        if isBall { ball[y, x] = 255 }
      }
    }
    view = View(orientation.stored(upright), orientation: orientation, threads: 1)
    mask = Mask(orientation.stored(ball))
  }

  /// Whether the stick is in the mask at an upright position.
  mutating func takes(
    x: Int, y: Int, kept: [Click] = [], limits: Rectangle? = nil, keepsFoot: Bool = false
  ) -> Bool {
    var cells = SoftCells(height: 10, width: 10)
    for cell in cells.values.indices { cells.values[cell] = 0.1 }
    view.addRemains(
      to: &mask, hints: Hints(cells: cells, window: view.frame),
      others: [Bool](repeating: false, count: 100), rows: 10, columns: 10, besides: kept,
      within: limits ?? view.frame, keepsFoot: keepsFoot)
    return view.value(x: x, y: y, in: mask) == 255
  }
}

@Suite struct ViewRemainsTests {
  private let side = Rectangle(x: 118, y: 74, width: 32, height: 1)
  private let foot = Rectangle(x: 89, y: 103, width: 1, height: 30)

  @Test(arguments: [Orientation.up, .right, .downMirrored])
  func aStickIsTakenAsThePhotoIsTurned(orientation: Orientation) {
    var ball = Ball(orientation: orientation, stick: side)
    let isTaken = ball.takes(x: 140, y: 74)
    #expect(isTaken)
    let beside = ball.view.value(x: 140, y: 95, in: ball.mask)
    #expect(beside == 0)
  }

  @Test func whatIsKeptStays() {
    for (y, isTaken) in [(74, false), (90, true)] {
      var ball = Ball(orientation: .up, stick: side)
      let kept = ball.takes(x: 140, y: 74, kept: [Click(x: 130, y: y, positive: false)])
      #expect(kept == isTaken)
    }
  }

  @Test func limitsAndTheFootAreHeeded() {
    for (width, isTaken) in [(120, false), (160, true)] {
      var ball = Ball(orientation: .up, stick: side)
      let limits = Rectangle(x: 0, y: 0, width: width, height: 150)
      let taken = ball.takes(x: 140, y: 74, limits: limits)
      #expect(taken == isTaken)
    }
    for keepsFoot in [false, true] {
      var standing = Ball(orientation: .up, stick: foot)
      let taken = standing.takes(x: 89, y: 125, keepsFoot: keepsFoot)
      #expect(taken == !keepsFoot)
      var held = Ball(orientation: .up, stick: side)
      let isHeld = held.takes(x: 140, y: 74, keepsFoot: keepsFoot)
      #expect(isHeld)
    }
  }
}
