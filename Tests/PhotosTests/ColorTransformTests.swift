import Photos
import Testing

@Suite struct ColorTransformTests {
  private let line = (0..<256).map { Float($0) / 255 }
  private let unit: [Float] = [1, 0, 0, 0, 1, 0, 0, 0, 1]

  @Test func refusesWhatCannotBeTurnedBack() {
    #expect(ColorTransform(curves: [line, line, line], matrix: unit) != nil)
    let falling = Array(line.reversed())
    let flat = [Float](repeating: 0.5, count: 256)
    let broken = [Float](repeating: .nan, count: 256)
    for curve in [falling, flat, broken, Array(line.dropLast())] {
      #expect(ColorTransform(curves: [line, curve, line], matrix: unit) == nil)
    }
    #expect(ColorTransform(curves: [line, line], matrix: unit) == nil)
    #expect(
      ColorTransform(curves: [line, line, line], matrix: [1, 1, 0, 1, 1, 0, 0, 0, 1]) == nil)
  }

  @Test func tellsByHowMuchItMovesColors() throws {
    let linear = try #require(ColorTransform(curves: [line, line, line], matrix: unit))
    // Linear light of 64/255 is 137 in sRGB.
    #expect(linear.largestChange == 73)
  }
}
