import ImageCodecs
import Photos
import Tensors
import Testing

@Suite struct DetectTests {
  @Test func listsObjects() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    let run = try Command(["detect", "a.jpg", "--json", "--overlay", "o.png"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let report = try run.json()
    #expect(report["width"] as? Int == 96 && report["height"] as? Int == 64)
    for object in try #require(report["objects"] as? [[String: Any]]) {
      #expect(Set(object.keys) == ["index", "class", "name", "score", "box", "area"])
    }
    #expect(try decode(folder.bytes("o.png"), name: "o.png").photo.width == 96)
    #expect(try Command(["detect", "a.jpg"], in: folder).text.isEmpty == false)
  }

  @Test func describesTheNetworks() throws {
    let run = try Command(["models", "--json"], in: try Scratch())
    #expect(run.status == 0)
    let keys: Set = [
      "name", "version", "input_size", "dense_parameters", "stored_parameters", "sparsity",
      "fp32_bytes", "file_bytes", "gmac", "quality",
    ]
    let cards = try run.lines()
    #expect(cards.map { $0["name"] as? String } == ["segmentation", "inpainting"])
    for card in cards { #expect(Set(card.keys) == keys) }
    #expect(try Command(["models"], in: try Scratch()).text.contains("kernels: "))
  }
}
