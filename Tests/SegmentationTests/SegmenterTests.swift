import Foundation
import ImageCodecs
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
    #expect(Segmenter.classNames.contains("car") && Segmenter.classNames.last == "object")
  }

  @Test func aCatIsFoundAndCovered() throws {
    let decoded = try photo("cat.jpg")
    let scene = try Segmenter(threads: 2).analyze(
      decoded.photo.pixels, orientation: decoded.photo.orientation)
    let cat = try #require(scene.objects.first { $0.className == "cat" })
    #expect(cat.classOrdinal == 1 && cat.score > 0.5)
    let mask = scene.mask(of: [cat.index])
    #expect(mask.width == decoded.photo.width && mask.height == decoded.photo.height)
    // The cheek, and the empty wall.
    #expect(mask.values[300, 300] == 255)
    #expect(mask.values[40, 60] == 0)
    #expect(!scene.distractors().contains(cat.index))
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
