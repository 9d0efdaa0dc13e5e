import Dispatch
import Foundation
import Photos
import Tensors

@testable import Editing

/// Pictures made by rule, for the tests of everything that is looked at.
enum Pictures {
  /// A sky over a field, in soft gradients with a little grain, and a red ball when asked for.
  static func scene(width: Int, height: Int, ball: Bool) -> Tensor<UInt8> {
    var pixels = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 0)
    let box = Self.ball(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let grain = (x &* 7919 &+ y &* 104_729) % 13
        let sky = y * 2 < height
        let depth = 200 * y / height
        var color = sky ? [90 + depth / 2, 140 + depth / 3, 220] : [60, 150 - depth / 3, 50]
        if ball, isInside(box, x, y) { color = [220, 40 + (x - box.x) * 60 / box.width, 40] }
        for c in 0..<3 { pixels[y, x, c] = UInt8(clamping: color[c] + grain) }
      }
    }
    return pixels
  }

  /// The ball's box in a scene of that size.
  static func ball(width: Int, height: Int) -> Rectangle {
    let side = min(width, height) / 3
    return Rectangle(x: width / 2, y: height / 3, width: side, height: side)
  }

  /// The ball's mask.
  static func ballMask(width: Int, height: Int) -> Mask {
    let box = ball(width: width, height: height)
    var mask = Mask(width: width, height: height)
    for y in box.y..<box.maxY {
      for x in box.x..<box.maxX where isInside(box, x, y) { mask.values[y, x] = 255 }
    }
    return mask
  }

  private static func isInside(_ box: Rectangle, _ x: Int, _ y: Int) -> Bool {
    let (dx, dy) = (2 * (x - box.x) - box.width + 1, 2 * (y - box.y) - box.height + 1)
    return dx * dx + dy * dy <= box.width * box.width
  }
}

/// A program of the machine that some tests use as a second opinion.
struct Program {
  let url: URL

  /// The first of the names that is found in PATH; nil where none is.
  init?(_ names: String...) {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let found = names.lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let found else { return nil }
    url = URL(fileURLWithPath: found)
  }

  /// Runs the program and gives back its standard output; throws where it fails or takes too long.
  func run(_ arguments: [String], seconds: Double = 120) throws -> [UInt8] {
    let process = Process()
    process.executableURL = url
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let alarm = DispatchWorkItem { process.terminate() }
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: alarm)
    defer { alarm.cancel() }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw Failure(status: process.terminationStatus) }
    return [UInt8](data)
  }

  struct Failure: Error {
    let status: Int32
  }
}

/// Calls `body` with a new folder, and removes it.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "efface-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
