import Foundation
import Kernels
import Tensors
import Testing

@testable import Networks

/// Networks and pictures made by the training package's integer reference: every output must be equal,
/// bit by bit, on every instruction set and with one thread or two.
@Suite struct FixtureTests {
  @Test(arguments: InstructionSet.available, [1, 2])
  func residualNetwork(set: InstructionSet, threads: Int) throws {
    let network = try Fixture.network("residual")
    let image = try Fixture.pixels("residual.main.image.input", channels: 4, width: 64)
    let session = try GraphSession(
      network, height: image.height, width: image.width, threads: threads,
      table: KernelTable(set))
    try session.setInput(image)
    // Twice: memory that the first run leaves behind must not matter.
    for _ in 0..<2 {
      session.run()
      try #expect(differences(session.output("fill"), "residual.main.fill.expected") == 0)
    }
  }

  @Test(arguments: InstructionSet.available, [1, 2])
  func mobileNetworkAndItsPrompt(set: InstructionSet, threads: Int) throws {
    let network = try Fixture.network("mobile")
    let table = KernelTable(set)
    let image = try Fixture.pixels("mobile.main.image.input", channels: 3, width: 28)
    let main = try GraphSession(
      network, height: image.height, width: image.width, threads: threads, table: table)
    try main.setInput(image, named: "image")
    let clicks = try Fixture.pixels("mobile.prompt.clicks.input", channels: 2, width: 14)
    let prompt = try GraphSession(
      network, graph: "prompt", height: clicks.height, width: clicks.width, threads: threads,
      after: main, table: table)
    for _ in 0..<2 {
      main.run()
      try #expect(differences(main.output("classes"), "mobile.main.classes.expected") == 0)
      let features = try main.storedOutput("features").copyBytes()
      try #expect(features.elementsEqual(Fixture.bytes("mobile.main.features.expected")))
      try prompt.setInput(clicks)
      try prompt.setInputs(from: main)
      prompt.run()
      try #expect(differences(prompt.output(), "mobile.prompt.prompt_mask.expected") == 0)
    }
  }

  /// How many numbers differ in a single bit from a fixture's, or lack there.
  private func differences(_ tensor: consuming Tensor<Float>, _ name: String) throws -> Int {
    let bytes = try Fixture.bytes(name)
    let span = tensor.span
    guard bytes.count == span.count * 4 else { return .max }
    return span.indices.count { position in
      let bits = (0..<4).reduce(0) { $0 | UInt32(bytes[position * 4 + $1]) << (8 * $1) }
      return bits != span[position].bitPattern
    }
  }
}

extension Tensor where Element == UInt8 {
  fileprivate borrowing func copyBytes() -> [UInt8] {
    let span = self.span
    return span.indices.map { span[$0] }
  }
}

enum Fixture {
  static func bytes(_ name: String, extension suffix: String = "bin") throws -> [UInt8] {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: suffix, subdirectory: "Fixtures"))
    return try Array(Data(contentsOf: url))
  }

  static func network(_ name: String) throws -> Network {
    let bytes = try bytes(name, extension: "safetensors")
    return try Network(copying: bytes.span)
  }

  static func pixels(_ name: String, channels: Int, width: Int) throws -> Tensor<UInt8> {
    let bytes = try bytes(name)
    var tensor = Tensor<UInt8>(
      uninitializedHeight: bytes.count / channels / width, width: width, channels: channels)
    #expect(tensor.count == bytes.count)
    var span = tensor.mutableSpan
    for position in bytes.indices { span[position] = bytes[position] }
    return tensor
  }
}
