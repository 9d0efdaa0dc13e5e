import Photos
import Tensors
import Testing

@testable import Segmentation

/// A post that stands on sunlit ground, 160 pixels wide and high, and something dark at its foot.
private struct Ground: ~Copyable {
  static let side = 160
  /// Columns 60 to 84, rows 30 to 110.
  static let post = Rectangle(x: 60, y: 30, width: 25, height: 81)
  var picture: Tensor<UInt8>
  var object: [Bool]

  /// - Parameters:
  ///   - factors: What is left of red, green and blue in the dark.
  ///   - colours: The lit ground's.
  ///   - grain: How rough the dark place is beside the ground.
  ///   - columns: What the picture shows of the ground.
  ///   - object: Where the object is, instead of a post.
  ///   - dark: Where the ground is darkened.
  init(
    factors: (Double, Double, Double) = (0.52, 0.53, 0.55),
    colours: (Double, Double, Double) = (190, 170, 130), grain: Double = 1,
    columns: Range<Int> = 0..<side,
    object isObject: (_ x: Int, _ y: Int) -> Bool = { post.contains(x: $0, y: $1) },
    dark: (_ x: Int, _ y: Int) -> Bool
  ) {
    picture = Tensor(height: Self.side, width: columns.count, channels: 3, repeating: 0)
    object = []
    for y in 0..<Self.side {
      for x in columns {
        let column = x - columns.lowerBound
        object.append(isObject(x, y))
        let shaded = dark(x, y)
        let noise =
          (shaded ? grain : 1) * (Double((x &* 73 &+ y &* 151 &+ x &* y &* 7) % 23) - 11)
        let light = shaded ? factors : (1, 1, 1)
        let colour = isObject(x, y) ? (200, 40, 40) : colours
        picture[y, column, 0] = UInt8(min(max((colour.0 + noise) * light.0, 0), 255))
        picture[y, column, 1] = UInt8(min(max((colour.1 + noise) * light.1, 0), 255))
        picture[y, column, 2] = UInt8(min(max((colour.2 + noise) * light.2, 0), 255))
      }
    }
  }

  /// A flat ellipse to the right of the post's foot.
  static func lying(_ x: Int, _ y: Int) -> Bool {
    let (dx, dy) = (Double(x - 95) / 34, Double(y - 108) / 9)
    return dx * dx + dy * dy < 1
  }

  /// How far a place is below the lower edge of a car, which is nearer on the right.
  static func belowCar(_ x: Int, _ y: Int) -> Int { y - (115 + (x - 20) / 4) }

  static func isCar(_ x: Int, _ y: Int) -> Bool {
    (20..<140).contains(x) && (-25..<0).contains(belowCar(x, y))
  }

  func shadow(others: [Bool]? = nil, atBorder: Bool = false) -> [Bool]? {
    ContactShadow(
      picture: picture, object: object,
      others: others ?? [Bool](repeating: false, count: object.count),
      ends: .init(left: atBorder, right: atBorder, below: false)
    ).pixels()
  }
}

@Suite struct ContactShadowTests {
  @Test func aShadowAtTheFootIsFound() throws {
    let ground = Ground(dark: Ground.lying)
    let found = ground.shadow()
    let shadow = try #require(found)
    var (right, missed, wrong) = (0, 0, 0)
    for index in shadow.indices where !ground.object[index] {
      let (x, y) = (index % Ground.side, index / Ground.side)
      // The post's rim belongs to neither.
      if (58...86).contains(x) && (28...112).contains(y) { continue }
      switch (Ground.lying(x, y), shadow[index]) {
      case (true, true): right += 1
      case (true, false): missed += 1
      case (false, true): wrong += 1
      case (false, false): break
      }
    }
    #expect(right > 400 && missed * 20 < right, "\(right) found, \(missed) missed")
    // Its soft edge is two pixels wide.
    #expect(wrong < 320, "\(wrong) pixels of lit ground")
    let overlaps = zip(shadow, ground.object).contains { $0 && $1 }
    #expect(!overlaps)
  }

  /// In the sun red darkens much more than blue, which the sky still lights.
  @Test func aShadowThatOnlyTheSkyLightsIsFound() {
    let shadow = Ground(factors: (0.56, 0.62, 0.69), dark: Ground.lying).shadow()
    #expect(shadow != nil)
  }

  /// Under clouds no blue sky lights it.
  @Test func aShadowUnderCloudsIsFound() {
    let shadow = Ground(factors: (0.56, 0.54, 0.53), dark: Ground.lying).shadow()
    #expect(shadow != nil)
  }

  /// A dark line right under the post: whatever its hue and grain, and though it is no shadow.
  @Test func theDarkStripAtTheFootIsFound() throws {
    let line = { (x: Int, y: Int) in (56..<90).contains(x) && (111..<116).contains(y) }
    let found = Ground(factors: (0.3, 0.42, 0.7), grain: 0, dark: line).shadow()
    let strip = try #require(found)
    let rows = (112..<116).map { strip[$0 * Ground.side + 72] }
    #expect(rows == [true, true, true, true] && !strip[120 * Ground.side + 72])
    // Ground that is dark farther on, too.
    let wide = Ground(
      factors: (0.3, 0.42, 0.7), dark: { x, y in (40..<110).contains(x) && (111..<136).contains(y) }
    )
    let none = wide.shadow()
    #expect(none == nil)
  }

  /// As far up as the car's rear wheel, and though the photo ends soon below the front one.
  @Test func theDarkStripUnderACarAslantIsFound() throws {
    let found = Ground(
      factors: (0.1, 0.1, 0.1), object: Ground.isCar,
      dark: { x, y in (16..<142).contains(x) && (-20..<6).contains(Ground.belowCar(x, y)) }
    ).shadow()
    let strip = try #require(found)
    for x in stride(from: 25, to: 140, by: 15) {
      let rows = [3, 14].map { strip[(115 + (x - 20) / 4 + $0) * Ground.side + x] }
      #expect(rows == [true, false], "column \(x)")
    }
  }

  /// The strip goes on into the shade along a hedge, which stays.
  @Test func shadeThatGoesOnBesideACarIsLeftAlone() throws {
    let found = Ground(
      factors: (0.2, 0.2, 0.2), object: Ground.isCar,
      dark: { x, y in
        (20..<140).contains(x) && (0..<6).contains(Ground.belowCar(x, y))
          || x < 60 && (116..<121).contains(y)
      }
    ).shadow()
    let strip = try #require(found)
    let columns = [4, 14, 30, 100].map { x in
      (0..<Ground.side).contains { strip[$0 * Ground.side + x] }
    }
    #expect(columns == [false, false, true, true])
  }

  @Test func evenGroundHasNoShadow() {
    let shadow = Ground(dark: { _, _ in false }).shadow()
    #expect(shadow == nil)
  }

  @Test func darkOfAnotherHueIsLeftAlone() {
    // A blue blanket on the sand.
    let ground = Ground(factors: (0.3, 0.42, 0.7), dark: Ground.lying)
    let shadow = ground.shadow()
    #expect(shadow == nil)
  }

  @Test func whatTheSkyWouldNotLightIsLeftAlone() {
    let shadow = Ground(factors: (0.62, 0.56, 0.5), dark: Ground.lying).shadow()
    #expect(shadow == nil)
  }

  @Test func darkWithoutTheGroundsGrainIsLeftAlone() {
    let shadow = Ground(grain: 0, dark: Ground.lying).shadow()
    #expect(shadow == nil)
  }

  /// Within a narrow shadow light falls off steeply, which adds to the grain.
  @Test func rougherThanTheGroundMayBeAShadowMuchRougherIsNone() {
    let steep = Ground(grain: 4.5, dark: Ground.lying).shadow()
    #expect(steep != nil)
    let pebbles = Ground(grain: 12, dark: Ground.lying).shadow()
    #expect(pebbles == nil)
  }

  @Test func aNeighboursTrousersAreLeftAlone() {
    let ground = Ground(dark: { x, y in (86..<104).contains(x) && (50..<112).contains(y) })
    let shadow = ground.shadow()
    #expect(shadow == nil)
  }

  @Test func deepWaterIsLeftAlone() {
    let everywhere = Ground(dark: { _, y in y > 100 }).shadow()
    let onwards = Ground(dark: { x, y in x > 84 && y > 96 && y < 118 }).shadow()
    #expect(everywhere == nil && onwards == nil)
  }

  @Test func thePhotosBorderMayCutAShadowOnOneSide() throws {
    let cut = Ground(columns: 40..<130, dark: { x, y in x < 60 && y > 102 && y < 113 })
    let within = cut.shadow(atBorder: false)
    let atBorder = cut.shadow(atBorder: true)
    #expect(within == nil && atBorder != nil)
    // A kerb.
    let across = Ground(columns: 40..<130, dark: { _, y in y > 102 && y < 113 })
      .shadow(atBorder: true)
    #expect(across == nil)
  }

  @Test func aDarkPlaceThatDoesNotTouchIsLeftAlone() {
    let shadow = Ground(dark: { x, y in Ground.lying(x - 42, y - 20) }).shadow()
    #expect(shadow == nil)
  }

  @Test func whatAnotherObjectCoversIsLeftAlone() {
    let ground = Ground(dark: Ground.lying)
    let others = ground.object.indices.map { Ground.lying($0 % Ground.side, $0 / Ground.side) }
    let shadow = ground.shadow(others: others)
    #expect(shadow == nil)
  }

  @Test func blackAndWhitePhotosProveNothing() {
    let ground = Ground(
      factors: (0.53, 0.53, 0.53), colours: (170, 170, 170), dark: Ground.lying)
    let shadow = ground.shadow()
    #expect(shadow == nil)
  }

  /// At full size, in every orientation, the mask grows by the shadow and by nothing else.
  @Test(arguments: Orientation.allCases) func masksGrowByTheShadow(orientation: Orientation) {
    let ground = Ground(dark: Ground.lying)
    // The ground of 160 pixels lies in the middle of a photo of 400 x 300.
    var upright = Tensor<UInt8>(height: 300, width: 400, channels: 3, repeating: 0)
    var object = Tensor<UInt8>(height: 300, width: 400, repeating: 0)
    for y in 0..<300 {
      for x in 0..<400 {
        let (column, row) = (x - 120, y - 60)
        let inside = (0..<Ground.side).contains(column) && (0..<Ground.side).contains(row)
        for channel in 0..<3 {
          let value = ground.picture[
            inside ? row : (y + 7) % 20, inside ? column : (x + 3) % 50, channel]
          upright[y, x, channel] = value
        }
        if inside && ground.object[row * Ground.side + column] { object[y, x] = 255 }
      }
    }
    let view = View(orientation.stored(upright), orientation: orientation, threads: 1)
    var mask = Mask(orientation.stored(object))
    let before = mask.count
    let none = [Bool](repeating: false, count: 12)
    let added = view.addShadow(to: &mask, others: none, rows: 3, columns: 4)
    let after = mask.count
    let inside = view.value(x: 120 + 105, y: 60 + 108, in: mask)
    let above = view.value(x: 120 + 105, y: 60 + 80, in: mask)
    let aside = view.value(x: 120 + 30, y: 60 + 108, in: mask)
    #expect(added && inside == 255 && above == 0 && aside == 0)
    #expect(after > before + 500 && after < before + 1800, "\(after - before)")
  }
}
