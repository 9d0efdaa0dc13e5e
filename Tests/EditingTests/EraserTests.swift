import Testing

@testable import Editing
@testable import Inpainting
@testable import Networks

@Suite struct EraserTests {
  /// Reading the network takes longer than many a fill.
  @Test func everySeedHasTheSameNetwork() throws {
    let eraser = Eraser(threads: 1)
    let inpainters = try [UInt64(1), 2, 1].map { try eraser.inpainter(seed: $0) }
    #expect(inpainters.map(\.seed) == [1, 2, 1])
    let places = try inpainters.map { inpainter in
      let graphs = try #require(inpainter.network?.graphs)
      return unsafe graphs.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }
    #expect(Set(places).count == 1)
  }
}
