import Kernels
import Photos
import Tensors
import Testing

@testable import Segmentation

/// A street, 480 pixels wide and 360 high: sky above, rough ground below.
private struct Street: ~Copyable {
  static let (width, height, horizon) = (480, 360, 250)
  var picture: Tensor<UInt8>

  init() {
    picture = Tensor(height: Self.height, width: Self.width, channels: 3, repeating: 0)
    for y in 0..<Self.height {
      for x in 0..<Self.width {
        let noise = (x &* 73 &+ y &* 151 &+ x &* y &* 7) % 23 - 11
        for c in 0..<3 {
          let sky = [150, 180, 220][c] + y / 12 + noise / 6
          let ground = [90, 85, 70][c] + 4 * noise
          picture[y, x, c] = UInt8(max(0, min(255, y < Self.horizon ? sky : ground)))
        }
      }
    }
  }

  /// Darkens what is within a wire's half width, with a soft edge; the wire's pixels.
  mutating func hang(
    from columns: Range<Int> = 0..<width, halfWidth: Double = 1, level: Double = 40,
    _ height: (Double) -> Double
  ) -> Mask {
    var mask = Mask(width: Self.width, height: Self.height)
    for x in columns {
      let slope = height(Double(x) + 0.5) - height(Double(x) - 0.5)
      for y in 0..<Self.height {
        let distance = abs(Double(y) - height(Double(x))) / (1 + slope * slope).squareRoot()
        let part = max(0, min(1, halfWidth + 0.5 - distance))
        if part == 0 { continue }
        mask.values[y, x] = 255
        for c in 0..<3 {
          let value = Double(picture[y, x, c]) * (1 - part) + level * part
          picture[y, x, c] = UInt8(value.rounded())
        }
      }
    }
    return mask
  }

  func wires(
    _ orientation: Orientation = .up, near places: [(x: Int, y: Int)]? = nil, threads: Int = 2
  ) -> [Wire] {
    Segmentation.wires(in: picture, orientation: orientation, near: places, threads: threads)
  }
}

/// A wire as it sags.
private func sag(_ x: Double) -> Double { 60 + 0.1 * x + 0.0004 * (x - 240) * (x - 240) }

@Suite struct WireTests {
  @Test func findsAWireWithAllItsPixelsAndLittleElse() throws {
    var street = Street()
    let truth = street.hang(sag)
    let wires = street.wires()
    try #require(wires.count == 1)
    var found = Mask(width: Street.width, height: Street.height)
    let area = wires[0].draw(onto: &found)
    let (count, again) = (found.count, wires[0].draw(onto: &found))
    #expect(area == count && again == 0)
    let covered = truth.count - truth.without(found)
    let all = truth.count
    #expect(100 * covered >= 97 * all, "\(covered) of \(all)")
    #expect(count < 3 * all)
    let beyond = found.without(truth.dilated(by: 3))
    #expect(beyond == 0)
    let box = found.boundingBox
    #expect(wires[0].box.clipped(toWidth: Street.width, height: Street.height) == box)
    #expect(wires[0].distance(fromX: 240, y: 84) < 0)
    #expect(abs(wires[0].distance(fromX: 240, y: 120) - 34.5) < 1.5)
  }

  @Test func findsSeveralAndThickOnes() {
    var street = Street()
    _ = street.hang(sag)
    _ = street.hang { 20 + 0.1 * $0 }
    _ = street.hang(halfWidth: 2) { 160 - 0.02 * $0 }
    let count = street.wires().count
    #expect(count == 3, "\(street.wires().map { ($0.box, $0.radii[0]) })")
  }

  @Test func findsAllOfWiresThatCross() {
    var street = Street()
    var truth = street.hang { 40 + 0.15 * $0 }
    for height in [{ 60 + 0.14 * $0 }, { 150 - 0.1 * $0 }, { 95 - 0.01 * $0 }]
      as [(Double) -> Double]
    {
      truth.formUnion(street.hang(height))
    }
    var found = Mask(width: Street.width, height: Street.height)
    for wire in street.wires() { _ = wire.draw(onto: &found) }
    let (missed, all) = (truth.without(found), truth.count)
    #expect(20 * missed < all, "\(missed) of \(all)")
  }

  @Test func followsAWireOverAGap() {
    var street = Street()
    let left = street.hang(from: 0..<220, sag)
    let right = street.hang(from: 232..<480, sag)
    var found = Mask(width: Street.width, height: Street.height)
    for wire in street.wires() { _ = wire.draw(onto: &found) }
    let (missed, all) = (left.without(found) + right.without(found), left.count + right.count)
    #expect(20 * missed < all, "\(missed) of \(all)")
  }

  @Test func leavesAloneWhatIsNoWire() {
    let plain = Street()
    let plainWires = plain.wires()
    #expect(plainWires.isEmpty)
    var roof = Street()
    for y in 120..<Street.horizon {
      for x in 100..<400 where y > 120 + abs(x - 250) / 2 {
        for c in 0..<3 { roof.picture[y, x, c] = 70 }
      }
    }
    let roofWires = roof.wires()
    #expect(roofWires.isEmpty, "the sky is on one side alone")
    var mast = Street()
    for y in 40..<Street.horizon {
      for x in 200..<203 { for c in 0..<3 { mast.picture[y, x, c] = 40 } }
    }
    let mastWires = mast.wires()
    #expect(mastWires.isEmpty, "masts are upright")
    var furrow = Street()
    _ = furrow.hang { 300 + 0.05 * $0 }
    let furrowWires = furrow.wires()
    #expect(furrowWires.isEmpty, "the ground is not the sky")
    var twig = Street()
    _ = twig.hang(from: 200..<230) { 20 + 0.3 * $0 }
    let twigWires = twig.wires()
    #expect(twigWires.isEmpty, "a twig is short")
  }

  @Test func readsSmallPhotosFullOfLines() {
    for (height, width) in [(1, 1), (63, 80), (64, 64), (70, 150)] {
      var picture = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 200)
      for y in 0..<height {
        for x in 0..<width
        where (x + 3 * y) % 19 == 0 || (2 * x + y) % 23 < 2 || (x - 4 * y) % 29 == 0 {
          for c in 0..<3 { picture[y, x, c] = 40 }
        }
      }
      var mask = Mask(width: width, height: height)
      for wire in wires(in: picture, orientation: .up, threads: 1) {
        #expect(wire.points.count == wire.radii.count && wire.draw(onto: &mask) >= 0)
      }
    }
  }

  @Test func looksForTheSkyAbove() {
    var street = Street()
    _ = street.hang(sag)
    let wires = street.wires(.down)
    #expect(wires.isEmpty, "upside down there is ground above")
  }

  @Test func seeksNearTheSkyAlone() {
    var street = Street()
    _ = street.hang(sag)
    #expect(street.wires(near: [(x: 240, y: 345), (x: 30, y: 100)]).count == 1)
    // A little below the sky, as where a wire ends at a house.
    #expect(street.wires(near: [(x: 240, y: 260)]).count == 1)
    #expect(street.wires(near: [(x: 240, y: 345)]).isEmpty)
    #expect(street.wires(near: []).isEmpty)
  }

  @Test func doesNotDependOnThreads() {
    var street = Street()
    _ = street.hang(sag)
    _ = street.hang(halfWidth: 2) { 160 - 0.02 * $0 }
    let (one, five) = (street.wires(threads: 1), street.wires(threads: 5))
    #expect(one.map(\.points) == five.map(\.points) && one.map(\.radii) == five.map(\.radii))
  }

  @Test func derivesALineExactly() {
    var picture = Tensor<UInt8>(height: 48, width: 64, channels: 3, repeating: 100)
    for y in 0..<48 {
      for x in 0..<64 {
        // A bright line along x = 30 whose brightness falls as the square of the distance.
        let level = max(100, 200 - 4 * (x - 30) * (x - 30))
        for c in 0..<3 { picture[y, x, c] = UInt8(level) }
      }
    }
    let field = RidgeField(picture, threads: 1)
    let ridge = field.ridge(x: 30, y: 24)
    #expect(abs(ridge.strength + 8) < 0.3, "twice the square's factor")
    #expect(abs(abs(ridge.normal.x) - 1) < 0.001 && abs(ridge.offset) < 0.05)
    let beside = field.ridge(x: 31, y: 24)
    #expect(abs(beside.offset * beside.normal.x + 1) < 0.1, "the middle is one pixel to the left")
    let (on, off) = (
      field.stands(out: 2, atLeast: 1, x: 30, y: 24), field.stands(out: 2, atLeast: 1, x: 5, y: 24)
    )
    #expect(on && !off)
  }
}

extension Mask {
  /// How many of the pixels another mask lacks.
  fileprivate func without(_ other: borrowing Mask) -> Int {
    var count = 0
    for y in 0..<height {
      for x in 0..<width where values[y, x] != 0 && other.values[y, x] == 0 { count += 1 }
    }
    return count
  }

  fileprivate func dilated(by radius: Double) -> Mask {
    Mask(Kernels.dilated(values, radius: radius))
  }
}
