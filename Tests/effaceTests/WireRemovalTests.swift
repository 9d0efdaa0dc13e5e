import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

/// `--wires` on a sky with two wires above a rough ground.
@Suite struct WireRemovalTests {
  private let folder: Scratch

  init() throws {
    folder = try Scratch()
    try folder.write("a.png", try encodeNew(pixels: Self.sky(wires: [40, 110]), format: .png))
    try folder.write("b.png", try encodeNew(pixels: Self.sky(wires: []), format: .png))
  }

  private static func sky(wires: [Int]) -> Tensor<UInt8> {
    let (height, width) = (240, 400)
    var pixels = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 0)
    for y in 0..<height {
      for x in 0..<width {
        let noise = (x &* 73 &+ y &* 151 &+ x &* y &* 7) % 23 - 11
        let isWire = wires.contains { abs(y - $0 - x / 8) <= 1 }
        for c in 0..<3 {
          let value =
            y >= 190 ? 80 + 4 * noise : isWire ? 40 : [150, 180, 220][c] + noise / 6
          pixels[y, x, c] = UInt8(max(0, min(255, value)))
        }
      }
    }
    return pixels
  }

  @Test func wiresGo() throws {
    let run = try Command(["remove-object", "a.png", "--wires", "--json"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let removed = try #require(try run.json()["removed"] as? [[String: Any]])
    #expect(removed.map { $0["class"] as? String } == ["wire", "wire"])
    #expect(removed.allSatisfy { $0["score"] is NSNull })
    let result = try decode(folder.bytes("a-removed.png"), name: "a")
    for x in stride(from: 5, to: 400, by: 10) {
      for wire in [40, 110] { #expect(result.photo.pixels[wire + x / 8, x, 1] > 150) }
    }
  }

  @Test func aWireThatIsPointedAtStays() throws {
    let run = try Command(
      ["remove-object", "a.png", "--wires", "--not-at", "200,136", "--json"], in: folder)
    #expect((try run.json()["removed"] as? [Any])?.count == 1)
    let result = try decode(folder.bytes("a-removed.png"), name: "a")
    #expect(result.photo.pixels[135, 200, 1] == 40 && result.photo.pixels[65, 200, 1] > 150)
    let missed = try Command(
      ["remove-object", "a.png", "--wires", "--not-at", "200,100", "--dry-run", "--json"],
      in: folder)
    #expect(
      try missed.json()["notes"] as? [String]
        == ["no wire passes 200,100: nothing is kept there"])
    let name = try Command(["remove-object", "a.png", "--object", "wire", "--dry-run"], in: folder)
    #expect(name.status == 2 && name.messages.contains("use --wires"))
    let none = try Command(
      [
        "remove-object", "a.png", "--wires", "--not-at", "200,136", "--not-at", "200,65",
        "--dry-run",
      ],
      in: folder)
    #expect(none.status == 2 && none.messages == "efface: a.png: every wire is kept\n")
  }

  @Test func aClickOnAWireRemovesItAlone() throws {
    // Two pixels beside the wire.
    let run = try Command(["remove-object", "a.png", "--at", "200,67", "--json"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    #expect(try removed(run) == ["wire"])
    let result = try decode(folder.bytes("a-removed.png"), name: "a")
    #expect(result.photo.pixels[135, 200, 1] == 40)
    for x in stride(from: 5, to: 400, by: 10) {
      #expect(result.photo.pixels[40 + x / 8, x, 1] > 150)
    }
    let both = try Command(
      [
        "remove-object", "a.png", "--at", "200,65", "--at", "40,115+300,147", "--dry-run", "--json",
      ],
      in: folder)
    #expect(try removed(both) == ["wire", "wire"])
  }

  @Test func aClickElsewhereIsOnNoWire() throws {
    for selection in [
      ["--at", "200,100"], ["--at", "200,65+200,100"],
      ["--at", "200,65", "--box", "150,40,100,60"],
      ["--at", "200,65", "--not-at", "320,80"],
    ] {
      let run = try Command(
        ["remove-object", "a.png", "--dry-run", "--json"] + selection, in: folder)
      #expect(try removed(run)?.contains("wire") == false, "\(selection)")
    }
  }

  @Test func aClickThatAMaskCoversMeansNoWire() throws {
    var mask = Tensor<UInt8>(height: 240, width: 400, repeating: 0)
    for y in 55..<75 { for x in 190..<210 { mask[y, x] = 255 } }
    try folder.write("m.png", try encodeNew(pixels: mask, format: .png))
    let run = try Command(
      ["remove-object", "a.png", "--mask", "m.png", "--at", "200,65", "--dry-run", "--json"],
      in: folder)
    #expect(try removed(run) == [nil])
  }

  private func removed(_ run: Command) throws -> [String?]? {
    (try run.json()["removed"] as? [[String: Any]])?.map { $0["class"] as? String }
  }

  @Test func withoutAWireNothingMatches() throws {
    let run = try Command(["remove-object", "b.png", "--wires"], in: folder)
    #expect(run.status == 2)
    #expect(run.messages == "efface: b.png: no wires found before the sky\n")
    let mask = try Command(
      ["remove-object", "b.png", "--wires", "--box", "180,60,30,30", "--json"], in: folder)
    #expect(mask.status == 0)
    #expect(
      (try mask.json()["notes"] as? [String])?.first == "no wires found before the sky")
    let batch = try Command(["batch", "a.png", "b.png", "-o", "out", "--wires"], in: folder)
    #expect(batch.status == 0 && folder.has("out/a.png") && !folder.has("out/b.png"))
  }
}
