import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

/// Outside the mask not one sample changes: read back by another decoder.
@Suite struct OutsideTests {
  static let hasOracles =
    Command.installed("pngtopnm") != nil && Command.installed("pnmtopng") != nil

  @Test(.enabled(if: hasOracles), arguments: [8, 16])
  func keepsEverySampleOfAPNG(_ depth: Int) throws {
    let folder = try Scratch()
    let (width, height) = (90, 60)
    let limit = (1 << depth) - 1
    // Noise, so that no fill can be the same by chance.
    var state: UInt64 = 1
    let samples = (0..<width * height * 3).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 40) & limit
    }
    var picture = Array("P6 \(width) \(height) \(limit)\n".utf8)
    for sample in samples {
      if depth == 16 { picture.append(UInt8(sample >> 8)) }
      picture.append(UInt8(sample & 255))
    }
    try folder.write("a.ppm", picture)
    let pnmtopng = try #require(Command.installed("pnmtopng"))
    try folder.write("a.png", [UInt8](try Command(pnmtopng, ["a.ppm"], in: folder).output))
    try folder.addMask("m.png", width: width, height: height)
    let run = try Command(
      ["remove-object", "a.png", "--mask", "m.png", "-o", "out.png", "--save-mask", "used.png"],
      in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let mask = try decodeMask(folder.bytes("used.png"), name: "")
    let pngtopnm = try #require(Command.installed("pngtopnm"))
    let result = [UInt8](try Command(pngtopnm, ["out.png"], in: folder).output)
    let size = depth / 8
    let pixels = result.suffix(samples.count * size)
    try #require(result.starts(with: Array("P6\n\(width) \(height)\n\(limit)\n".utf8)))
    var (outside, inside) = (0, 0)
    for (index, sample) in samples.enumerated() {
      let at = pixels.startIndex + index * size
      let value = depth == 16 ? Int(pixels[at]) << 8 | Int(pixels[at + 1]) : Int(pixels[at])
      if value == sample { continue }
      if mask.values[index / 3 / width, index / 3 % width] == 0 {
        outside += 1
      } else {
        inside += 1
      }
    }
    #expect(outside == 0)
    #expect(inside > 100)
  }
}
