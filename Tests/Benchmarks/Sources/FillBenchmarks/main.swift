// Fills prepared pictures under many settings, for measuring what each setting is worth.
//
//   fill-benchmarks CASES RUNS OUTPUT [threads]
//
// CASES is a folder of NAME.ppm with the hole in NAME.pgm (white), and perhaps NAME.guide.ppm, a small
// picture of the whole that stands in for the network's. Each line of the file RUNS is a label and
// what differs from the product: `guide=none`, `guide=file`, `network=FILE`, `seed=N`, or a setting
// such as `guideCoarse=0.3`. Writes OUTPUT/LABEL/NAME.ppm and prints a JSON line a run.

import Foundation
import Inpainting
import Networks
import Photos
import Tensors

struct UsageError: Error, CustomStringConvertible {
  let description: String
}

func milliseconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) * 1e-15
}

/// Reads a binary PPM or PGM of 8 bits.
func readPicture(_ path: String) throws -> Tensor<UInt8> {
  let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
  var words: [String] = []
  var at = 0
  while words.count < 4 {
    var word = ""
    while at < bytes.count, !Character(UnicodeScalar(bytes[at])).isWhitespace {
      word.append(Character(UnicodeScalar(bytes[at])))
      at += 1
    }
    at += 1
    if !word.isEmpty { words.append(word) }
  }
  guard let width = Int(words[1]), let height = Int(words[2]), words[3] == "255" else {
    throw UsageError(description: "\(path): not a picture of 8 bits")
  }
  let channels = words[0] == "P6" ? 3 : 1
  var picture = Tensor<UInt8>(uninitializedHeight: height, width: width, channels: channels)
  var span = picture.mutableSpan
  for i in span.indices { span[i] = bytes[at + i] }
  return picture
}

func writePicture(_ picture: borrowing Tensor<UInt8>, to path: String) throws {
  var data = Data("P6\n\(picture.width) \(picture.height)\n255\n".utf8)
  picture.withUnsafeBufferPointer { data.append(contentsOf: $0) }
  try data.write(to: URL(fileURLWithPath: path))
}

/// One line of the list of runs.
struct Run {
  var label: String
  var settings = SynthesisSettings()
  var guide = "network"
  var network: Network?
  var seed: UInt64 = 1

  init(_ line: Substring) throws {
    let words = line.split(separator: " ")
    label = String(words[0])
    let numbers: [String: WritableKeyPath<SynthesisSettings, Double>] = [
      "guideBlur": \.guideBlur, "guidePeel": \.guidePeel, "guideCoarse": \.guideCoarse,
      "guideFine": \.guideFine, "guideDepth": \.guideDepth, "smoothWeight": \.smoothWeight,
      "voteQuantile": \.voteQuantile, "voteSharpness": \.voteSharpness, "fade": \.fade,
      "texture": \.texture, "textureGain": \.textureGain, "context": \.context,
      "trustReach": \.trustReach,
      "transfer": \.transfer, "transferLimit": \.transferLimit,
      "transferError": \.transferError, "softness": \.softness,
    ]
    let counts: [String: WritableKeyPath<SynthesisSettings, Int>] = [
      "coarsestReach": \.coarsestReach, "coarsestRounds": \.coarsestRounds,
      "mostRounds": \.mostRounds, "budget": \.budget, "passes": \.passes,
      "firstPasses": \.firstPasses, "seamLimit": \.seamLimit,
    ]
    network = try .embedded(.inpainting)
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw UsageError(description: "\(word): not KEY=VALUE") }
      let (key, value) = (parts[0], parts[1])
      if key == "guide" {
        guide = value
      } else if key == "network" {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: value)))
        network = try Network(copying: bytes.span)
      } else if key == "seed" {
        seed = UInt64(value) ?? 1
      } else if let path = numbers[key], let number = Double(value) {
        settings[keyPath: path] = number
      } else if let path = counts[key], let number = Int(value) {
        settings[keyPath: path] = number
      } else {
        throw UsageError(description: "\(word): no such setting")
      }
    }
  }
}

func structure(
  _ run: Run, _ name: String, pixels: borrowing Tensor<UInt8>, hole: borrowing Mask,
  box: Rectangle, threads: Int
) throws -> Structure? {
  switch (run.guide, run.network) {
  case ("file", _):
    let picture = try readPicture(name + ".guide.ppm")
    let scale = Double(pixels.width) / Double(picture.width)
    return Structure(
      picture: picture,
      window: Rectangle(x: 0, y: 0, width: pixels.width, height: pixels.height), scale: scale)
  case ("network", .some(let network)):
    return try Structure(
      network, pixels: pixels, hole: hole.values, box: box, orientation: .up, threads: threads)
  default: return nil
  }
}

let arguments = CommandLine.arguments
guard arguments.count >= 4 else {
  throw UsageError(description: "usage: fill-benchmarks CASES RUNS OUTPUT [threads]")
}
let threads = arguments.count > 4 ? Int(arguments[4]) ?? 1 : 1
let names = try FileManager.default.contentsOfDirectory(atPath: arguments[1])
  .filter { $0.hasSuffix(".pgm") }.map { String($0.dropLast(4)) }.sorted()
let clock = ContinuousClock()
for line in try String(contentsOfFile: arguments[2], encoding: .utf8).split(separator: "\n") {
  if line.hasPrefix("#") { continue }
  let run = try Run(line)
  let output = arguments[3] + "/" + run.label
  try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
  let inpainter = Inpainter(
    network: run.network, threads: threads, seed: run.seed, settings: run.settings)
  var detail = Duration.zero
  for name in names {
    let path = arguments[1] + "/" + name
    var pixels = try readPicture(path + ".ppm")
    let hole = Mask(try readPicture(path + ".pgm"))
    for (index, piece) in inpainter.pieces(of: hole).enumerated() {
      let seen = try structure(
        run, path, pixels: pixels, hole: hole, box: piece.box, threads: threads)
      let start = clock.now
      inpainter.fill(&pixels, hole: hole, piece: piece, index: index, structure: seen)
      detail += clock.now - start
    }
    try writePicture(pixels, to: output + "/" + name + ".ppm")
  }
  let each = milliseconds(detail) / Double(max(names.count, 1))
  print("{\"run\": \"\(run.label)\", \"cases\": \(names.count), \"detail_ms\": \(each)}")
}
