import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

@Suite struct DetectTests {
  @Test func listsObjects() throws {
    let folder = try Scratch()
    let cat = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Samples/cat.jpg")
    try folder.write("a.jpg", [UInt8](try Data(contentsOf: cat)))
    let run = try Command(["detect", "a.jpg", "--json", "--overlay", "o.png"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let report = try run.json()
    let width = try decode(folder.bytes("a.jpg"), name: "a.jpg").photo.width
    #expect(report["width"] as? Int == width)
    let objects = try #require(report["objects"] as? [[String: Any]])
    try #require(!objects.isEmpty)
    for object in objects {
      #expect(Set(object.keys) == ["index", "class", "name", "score", "box", "area"])
    }
    #expect(try decode(folder.bytes("o.png"), name: "o.png").photo.width == width)
    let table = try Command(["detect", "a.jpg"], in: folder).text
    #expect(table.contains("cat#1") && table.split(separator: "\n").count == objects.count + 1)
  }

  @Test func refusesAFileThatIsTooLargeBeforeReadingIt() throws {
    let folder = try Scratch()
    try folder.write("a.jpg", [0xFF, 0xD8, 0xFF, 0xE0])
    let file = try #require(FileHandle(forWritingAtPath: folder.path + "/a.jpg"))
    try file.truncate(atOffset: 1 << 40)
    try file.close()
    let run = try Command(["detect", "a.jpg"], in: folder)
    #expect(run.status == 1)
    #expect(run.messages == "efface: a.jpg: cannot be read: it is larger than 4 GiB\n")
  }

  @Test func describesTheNetworks() throws {
    let run = try Command(["models", "--json"], in: try Scratch())
    #expect(run.status == 0)
    let keys: Set = [
      "name", "version", "input_size", "dense_parameters", "stored_parameters", "sparsity",
      "fp32_bytes", "file_bytes", "gmac", "computed_gmac", "quality",
    ]
    let cards = try run.lines()
    #expect(cards.map { $0["name"] as? String } == ["segmentation", "inpainting"])
    for card in cards {
      #expect(Set(card.keys) == keys)
      // Pruned blocks are not computed.
      let dense = try #require(card["gmac"] as? Double)
      let computed = try #require(card["computed_gmac"] as? Double)
      #expect(computed > 0 && computed < dense)
    }
    let text = try Command(["models"], in: try Scratch()).text
    #expect(text.contains("kernels: ") && text.contains(" without skipping"))
  }
}
