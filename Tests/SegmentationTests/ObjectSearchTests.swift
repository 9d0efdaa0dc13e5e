import Foundation
import ImageCodecs
import Kernels
import Networks
import Photos
import Tensors
import Testing

@testable import Segmentation

/// A photo of 320 x 240 pixels, seen in 32 x 24 cells, in whole and in its upper left part of 192 x 144 pixels.
@Suite struct ObjectSearchTests {
  private typealias Object = (name: Int, rows: Range<Int>, columns: Range<Int>)
  private let names: ClassNames
  private let part = Rectangle(x: 0, y: 0, width: 192, height: 144)

  init() throws { names = try ClassNames(Network.embedded(.segmentation).parameters) }

  private func map(_ objects: [Object]) -> CellMap {
    syntheticMap(classes: names.all.count, objects: objects)
  }

  private func index(of name: String) throws -> Int { try #require(names.all.firstIndex(of: name)) }

  private func search(whole: [Object] = []) -> ObjectSearch {
    let pixels = Tensor<UInt8>(height: 240, width: 320, channels: 3, repeating: 90)
    let view = View(pixels, orientation: .up, threads: 1)
    return ObjectSearch(map(whole), of: view, names: names, thresholds: shippedThresholds)
  }

  @Test func whatAPartShowsIsFoundOnce() throws {
    let seen = map([(try index(of: "person"), 4..<14, 6..<12)])
    var search = search()
    #expect(search.objects.isEmpty && search.parts.count == 4 && search.parts[0] == part)
    #expect(search.mayAdd(from: seen, window: part))
    search.add(from: seen, window: part)
    let person = try #require(search.objects.first)
    #expect(person.box == Rectangle(x: 36, y: 24, width: 36, height: 60))
    #expect(person.area == 36 * 60 && person.closer?.window == part)
    // Cells of the whole photo are 10 pixels wide.
    #expect(
      person.group.cells.allSatisfy { (2..<9).contains($0 / 32) && (3..<8).contains($0 % 32) })
    #expect((18...30).contains(person.group.cells.count))
    #expect(!search.mayAdd(from: seen, window: part))
    search.add(from: seen, window: part)
    #expect(search.objects.count == 1)
  }

  @Test func whatTheWholePhotoShowsIsNotFoundAgain() throws {
    let (person, car) = (try index(of: "person"), try index(of: "car"))
    var search = search(whole: [(person, 2..<9, 3..<8)])
    #expect(search.objects.map(\.area) == [35 * 100])
    #expect(search.objects[0].closer == nil)
    #expect(!search.mayAdd(from: map([(person, 4..<14, 6..<12)]), window: part))
    #expect(!search.mayAdd(from: map([(car, 4..<14, 9..<13)]), window: part))
    // A smaller one beside it, and a larger one: the largest comes first.
    search.add(
      from: map([(person, 14..<20, 18..<24), (car, 2..<12, 18..<30)]), window: part)
    #expect(search.objects.map(\.area) == [120 * 36, 3500, 36 * 36])
  }

  @Test func whatGoesOnBeyondAPartIsLeft() throws {
    let person = try index(of: "person")
    #expect(!search().mayAdd(from: map([(person, 4..<14, 26..<32)]), window: part))
    #expect(!search().mayAdd(from: map([(person, 16..<24, 6..<12)]), window: part))
    // Here the photo ends.
    #expect(search().mayAdd(from: map([(person, 0..<10, 0..<6)]), window: part))
    let last = search().parts[3]
    #expect(search().mayAdd(from: map([(person, 16..<24, 26..<32)]), window: last))
    #expect(!search().mayAdd(from: map([(person, 0..<10, 0..<6)]), window: last))
  }

  @Test func piecesAndUnreliableClassesAreLeft() throws {
    let person = try index(of: "person")
    #expect(!search().mayAdd(from: map([(person, 4..<8, 6..<10)]), window: part))
    // Seen larger, a little more is still a piece.
    var pieces = search()
    #expect(pieces.mayAdd(from: map([(person, 4..<8, 6..<11)]), window: part))
    pieces.add(from: map([(person, 4..<8, 6..<11)]), window: part)
    #expect(pieces.objects.isEmpty)
    #expect(
      !search().mayAdd(from: map([(try index(of: "potted plant"), 4..<14, 6..<12)]), window: part))
  }

  @Test func aSmallCatIsFoundAndOutlined() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let bytes = try [UInt8](Data(contentsOf: folder.appending(path: "../../Samples/cat.jpg")))
    let decoded = try decode(bytes, name: "cat.jpg")
    let small = resized(decoded.photo.pixels, height: 102, width: 102)
    var photo = Tensor<UInt8>(height: 900, width: 1200, channels: 3, repeating: 0)
    for y in 0..<900 {
      for x in 0..<1200 {
        for c in 0..<3 {
          let isCat = (420..<522).contains(y) && (300..<402).contains(x)
          photo[y, x, c] = isCat ? small[y - 420, x - 300, c] : UInt8(170 - y / 12 - 10 * c)
        }
      }
    }
    let segmenter = try Segmenter(threads: 2)
    let coarse = try segmenter.analyze(photo, orientation: .up, closely: false)
    #expect(coarse.objects.isEmpty)
    let scene = try segmenter.analyze(photo, orientation: .up)
    let cat = try #require(scene.objects.first)
    #expect(scene.objects.count == 1 && cat.className == "cat" && cat.classOrdinal == 1)
    let outlined = try scene.mask(of: 0)
    let place = outlined.mask.boundingBox
    let box = try #require(place)
    #expect(box.x >= 290 && box.maxX <= 412 && box.y >= 410 && box.maxY <= 532)
    let (cheek, wall) = (outlined.mask.values[480, 360], outlined.mask.values[428, 307])
    #expect(cheek == 255 && wall == 0)
  }
}
