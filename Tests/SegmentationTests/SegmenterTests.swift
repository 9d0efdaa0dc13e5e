import Foundation
import ImageCodecs
import Networks
import Photos
import Tensors
import Testing

@testable import Segmentation

/// The embedded network on photos that ship with the program.
@Suite struct SegmenterTests {
  private func photo(_ name: String) throws -> DecodedPhoto {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let file = folder.appending(path: "../../Samples/\(name)")
    return try decode([UInt8](Data(contentsOf: file)), name: name)
  }

  @Test func sizesKeepTheProportions() {
    #expect(Segmenter.networkSize(width: 4000, height: 3000, side: 384, multiple: 32) == (384, 288))
    #expect(Segmenter.networkSize(width: 1000, height: 1500, side: 384, multiple: 32) == (256, 384))
    #expect(Segmenter.networkSize(width: 9000, height: 10, side: 384, multiple: 32) == (384, 32))
  }

  @Test func theClassesAreNamed() {
    #expect(Segmenter.classNames.first == "person")
    #expect(Segmenter.classNames.contains("car") && Segmenter.unlistedNames.contains("object"))
    #expect(Segmenter.unlistedNames.isDisjoint(with: Segmenter.classNames))
  }

  @Test func aCatIsFoundAndCovered() throws {
    let decoded = try photo("cat.jpg")
    let scene = try Segmenter(threads: 2).analyze(
      decoded.photo.pixels, orientation: decoded.photo.orientation)
    let cat = try #require(scene.objects.first { $0.className == "cat" })
    #expect(cat.classOrdinal == 1 && cat.score > 0.5)
    let outlined = try scene.mask(of: cat.index)
    #expect(outlined.certainty > 0.8)
    let mask = outlined.mask
    #expect(mask.width == decoded.photo.width && mask.height == decoded.photo.height)
    // The cheek, and the empty wall.
    #expect(mask.values[300, 300] == 255)
    #expect(mask.values[40, 60] == 0)
    #expect(!scene.distractors().contains(cat.index))
  }

  @Test func otherObjectsAreThoseThatAMaskLeaves() throws {
    let cat = try photo("cat.jpg")
    let (height, width) = (cat.photo.height, cat.photo.width)
    var twins = Tensor<UInt8>(height: height, width: 2 * width, channels: 3, repeating: 0)
    for y in 0..<height {
      for x in 0..<2 * width {
        for c in 0..<3 { twins[y, x, c] = cat.photo.pixels[y, x % width, c] }
      }
    }
    let scene = try Segmenter(threads: 2).analyze(twins, orientation: .up)
    try #require(scene.objects.count == 2)
    func others(than mask: borrowing Mask) -> [Bool] {
      guard let cells = scene.otherObjects(than: mask) else { return [false, false] }
      return scene.objects.map {
        let (x, y) = ($0.box.x + $0.box.width / 2, $0.box.y + $0.box.height / 2)
        return cells[y * cells.height / height, x * cells.width / (2 * width)] != 0
      }
    }
    let left = try scene.mask(of: 0)
    var mask = Mask(left.mask.values.copy())
    #expect(others(than: mask) == [false, true])
    let right = try scene.mask(of: 1)
    mask.formUnion(right.mask)
    #expect(others(than: mask) == [false, false])

    // Both go, and only one was clicked.
    let (first, second) = (
      Click(x: 300, y: 300, positive: true), Click(x: width + 300, y: 300, positive: true)
    )
    let taken = scene.objects(takenBy: mask, besides: [first])
    #expect(taken.count == 1 && !scene.shows(taken[0].object.index, atX: 300, y: 300))
    #expect(scene.shows(taken[0].object.index, atX: taken[0].place.x, y: taken[0].place.y))
    let meant = scene.objects(takenBy: mask, besides: [first, second])
    #expect(meant.isEmpty)
    let alone = scene.objects(
      takenBy: left.mask, besides: [scene.shows(0, atX: 300, y: 300) ? first : second])
    #expect(alone.isEmpty)

    // What is kept is cleared but for its soft edge, and nothing else is.
    var own = Mask(width: mask.width, height: mask.height)
    scene.addOwn(1, outlined: right.mask, to: &own)
    mask.subtract(own)
    let (rest, whole) = (mask.count, left.mask.count)
    #expect(abs(rest - whole) < whole / 10)
    scene.addOwn(1, outlined: left.mask, to: &own)
    mask.subtract(own)
    let same = mask.count
    #expect(same == rest)
  }

  @Test func aClickIsAlwaysCovered() throws {
    let decoded = try photo("cat.jpg")
    let scene = try Segmenter(threads: 1).analyze(
      decoded.photo.pixels, orientation: decoded.photo.orientation)
    for (x, y) in [(300, 300), (20, 20), (511, 511), (0, 0)] {
      let mask = try scene.mask(clicks: [Click(x: x, y: y, positive: true)], box: nil)
      #expect(mask.values[y, x] >= 128)
    }
    let nothing = try scene.mask(clicks: [Click(x: 9, y: 9, positive: false)], box: nil)
    #expect(nothing.boundingBox == nil)
  }

  @Test func smallThingsAreLookedAtTwice() throws {
    let decoded = try photo("cat.jpg")
    let segmenter = try Segmenter(threads: 2)
    let view = View(decoded.photo.pixels, orientation: .up, threads: 2)
    let names = try ClassNames(Network.embedded(.segmentation).parameters)
    var limits = shippedThresholds
    (limits.boxZoomShare, limits.zoomMargin, limits.zoomLeast) = (0.5, 1, 0.25)
    var windows: [Rectangle] = []
    let scene = Scene(
      view: view, look: try segmenter.look(at: view.frame, of: view), found: [], names: names,
      thresholds: limits
    ) { window in
      windows.append(window)
      return try segmenter.look(at: window, of: view)
    }
    // The eye, and the whole cat.
    let eye = try scene.mask(clicks: [], box: Rectangle(x: 220, y: 180, width: 50, height: 40))
    #expect(windows == [Rectangle(x: 170, y: 130, width: 150, height: 140)])
    let found = eye.boundingBox
    let place = try #require(found)
    #expect(place.x > 170 && place.maxX < 320 && place.y > 130 && place.maxY < 270)
    _ = try scene.mask(clicks: [], box: Rectangle(x: 60, y: 100, width: 440, height: 400))
    #expect(windows.count == 1)
  }

  @Test func whatIsExcludedFarAwayChangesNothing() throws {
    let decoded = try photo("cat.jpg")
    let scene = try Segmenter(threads: 2).analyze(decoded.photo.pixels, orientation: .up)
    let far = Click(x: 5, y: 5, positive: false)
    let eye = Rectangle(x: 220, y: 180, width: 50, height: 40)
    let alone = try scene.answer(clicks: [], box: eye)
    let beside = try scene.answer(clicks: [far], box: eye)
    #expect(alone.certainty == beside.certainty)
    var changed = 0
    for row in 0..<alone.mask.height {
      for column in 0..<alone.mask.width
      where alone.mask.values[row, column] != beside.mask.values[row, column] { changed += 1 }
    }
    #expect(changed == 0)
  }

  @Test func aClickMeansTheSameInAMirror() throws {
    let decoded = try photo("cat.jpg")
    let mirror = Orientation.upMirrored
    let segmenter = try Segmenter(threads: 2)
    let mask = try segmenter.analyze(decoded.photo.pixels, orientation: .up)
      .mask(clicks: [Click(x: 300, y: 300, positive: true)], box: nil)
    let twin = try segmenter.analyze(mirror.upright(decoded.photo.pixels), orientation: .up)
      .mask(clicks: [Click(x: 211, y: 300, positive: true)], box: nil)
    let turned = mirror.upright(twin.values)
    var (both, either) = (0, 0)
    for row in 0..<mask.height {
      for column in 0..<mask.width {
        let (a, b) = (mask.values[row, column] >= 128, turned[row, column] >= 128)
        both += a && b ? 1 : 0
        either += a || b ? 1 : 0
      }
    }
    #expect(both > 20_000 && 200 * both > 199 * either, "\(both) of \(either)")
  }

  @Test func theResultDoesNotDependOnThreads() throws {
    let decoded = try photo("cat.jpg")
    let one = try Segmenter(threads: 1).analyze(decoded.photo.pixels, orientation: .up)
    let two = try Segmenter(threads: 2).analyze(decoded.photo.pixels, orientation: .up)
    #expect(one.objects == two.objects)
  }

  @Test(arguments: [(1, 1), (3, 700), (40, 33)])
  func oddSizesWork(height: Int, width: Int) throws {
    let pixels = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 90)
    let scene = try Segmenter(threads: 1).analyze(pixels, orientation: .right)
    let mask = try scene.mask(clicks: [Click(x: 0, y: 0, positive: true)], box: nil)
    #expect(mask.width == width && mask.height == height)
  }
}

extension Scene {
  fileprivate func mask(clicks: [Click], box: Rectangle?) throws -> Mask {
    let answer = try answer(clicks: clicks, box: box)
    return answer.mask
  }
}
