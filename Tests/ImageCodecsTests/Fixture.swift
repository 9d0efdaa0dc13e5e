import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

/// A file of the Fixtures folder, and what an independent program says of it.
struct Fixture: CustomTestStringConvertible, Sendable {
  let name: String
  let width: Int
  let height: Int
  /// The checksum of the RGB pixels, nil when no other program gives them.
  let pixels: UInt32?
  /// PNG: the checksum of the file's own samples.
  let samples: UInt32?

  var testDescription: String { name }

  var bytes: [UInt8] { Self.bytes(name) }

  static let folder = Bundle.module.resourceURL?.appendingPathComponent("Fixtures")

  /// Every file of the folder.
  static var names: [String] {
    folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0.path) } ?? []
  }

  static func bytes(_ name: String) -> [UInt8] {
    guard let url = folder?.appendingPathComponent(name), let data = try? Data(contentsOf: url)
    else { return [] }
    return Array(data)
  }

  static func list(_ name: String) -> [Fixture] {
    String(decoding: bytes(name), as: UTF8.self).split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      return Fixture(
        name: String(words[0]), width: Int(words[1]) ?? 0, height: Int(words[2]) ?? 0,
        pixels: UInt32(words[3], radix: 16),
        samples: words.count > 4 ? UInt32(words[4], radix: 16) : nil)
    }
  }

  static let jpegs = list("JPEG.txt")
  static let pngs = list("PNG.txt")
}

/// The CRC-32 that Python's zlib computes.
func checksum(_ tensor: borrowing Tensor<UInt8>) -> UInt32 {
  var crc: UInt32 = 0xFFFF_FFFF
  let span = tensor.span
  for i in 0..<span.count {
    crc ^= UInt32(span[i])
    for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return ~crc
}

/// Where an edit is made, as parts of the picture's size.
enum Hole: String, CaseIterable, Sendable {
  case middle, corner, twoSpots, everything

  func mask(width: Int, height: Int) -> Mask {
    var mask = Mask(width: width, height: height)
    let (w, h) = (width, height)
    let spots: [(xs: Range<Int>, ys: Range<Int>, value: UInt8)] =
      switch self {
      case .middle:
        [
          (w / 3..<w / 2 + 1, h / 3..<h / 2 + 1, 30),
          (w / 3 + 1..<max(w / 2, w / 3 + 1), h / 3 + 1..<max(h / 2, h / 3 + 1), 255),
        ]
      case .corner: [(w * 4 / 5..<w, h * 4 / 5..<h, 255)]
      case .twoSpots: [(0..<3, 0..<1, 255), (max(0, w - 2)..<w, h - 1..<h, 1)]
      case .everything: [(0..<w, 0..<h, 255)]
      }
    for spot in spots {
      for y in spot.ys.clamped(to: 0..<height) {
        for x in spot.xs.clamped(to: 0..<width) { mask.values[y, x] = spot.value }
      }
    }
    return mask
  }
}

/// Paints a fill with more than 256 colours, and nothing near the scene, where the mask is set.
func paint(_ photo: inout Photo, where mask: borrowing Mask) {
  for y in 0..<photo.height {
    for x in 0..<photo.width where mask.values[y, x] != 0 {
      photo.pixels[y, x, 0] = UInt8((x * 5 + y) % 256)
      photo.pixels[y, x, 1] = UInt8((x + y * 7) % 256)
      photo.pixels[y, x, 2] = UInt8((200 + x * y) % 256)
    }
  }
}

/// Compares the bytes of two files of one size.
func compareFiles(
  _ first: [UInt8], _ second: [UInt8], mask: borrowing Mask
) throws -> FileComparison {
  let before = try decode(first, name: "")
  let after = try decode(second, name: "")
  try #require(
    before.source.width == after.source.width && before.source.height == after.source.height)
  return try compareFiles(before, after, mask: mask)
}
