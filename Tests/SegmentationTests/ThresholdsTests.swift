import Networks
import Photos
import Testing

@testable import Segmentation

@Suite struct ThresholdsTests {
  /// `Training/tests/test_segmentation.py` expects the same windows of the same things.
  @Test func smallThingsGetAWindowOfTheirOwn() {
    var limits = shippedThresholds
    (limits.zoomMargin, limits.zoomLeast) = (1, 0.25)
    let window = { (x: Int, y: Int, width: Int, height: Int) in
      limits.window(
        around: Rectangle(x: x, y: y, width: width, height: height), width: 1000, height: 800,
        limit: 0.32)
    }
    #expect(window(400, 300, 100, 60) == Rectangle(x: 300, y: 200, width: 300, height: 260))
    // At least a quarter of the photo's longer side, and within it.
    #expect(window(0, 790, 10, 10) == Rectangle(x: 0, y: 550, width: 250, height: 250))
    // Not narrower than 6 to 10.
    #expect(window(500, 100, 20, 200) == Rectangle(x: 300, y: 0, width: 420, height: 600))
    #expect(window(100, 100, 300, 300) == nil)
  }

  @Test func aNetworkWithoutThresholdsIsRefused() {
    #expect(throws: NetworkError.self) { try Thresholds(.object([:])) }
    let wild = JSON.object(["thresholds": .object(["least_centre": .number(-1)])])
    #expect(throws: NetworkError.self) { try Thresholds(wild) }
  }

  @Test func onlyListedClassesAreOffered() throws {
    let parameters = JSON.object([
      "classes": .array([.string("background"), .string("person"), .string("boat")]),
      "unlisted": .array([.string("boat")]),
    ])
    let names = try ClassNames(parameters)
    #expect(names.listed == ["person"] && names.unlisted == ["boat"])
    #expect(!names.isListed(0) && names.isListed(1) && !names.isListed(2))
    #expect(throws: NetworkError.self) { try ClassNames(.object([:])) }
  }
}
