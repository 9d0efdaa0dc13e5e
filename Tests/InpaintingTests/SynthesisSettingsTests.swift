import Testing

@testable import Inpainting

@Suite struct SynthesisSettingsTests {
  /// At the finest scale the guide counts as far as it knows its pixels; coarser, it counts in any photo.
  @Test func theGuideCountsWhereItKnowsThePixels() {
    var settings = SynthesisSettings()
    settings.guideFine = 0.4
    settings.guideCoarse = 0.6
    settings.guideDepth = 3
    #expect(settings.guideWeight(depth: 0, scale: 1) == 0.4)
    #expect(settings.guideWeight(depth: 0, scale: 2) == 0.4)
    #expect(settings.guideWeight(depth: 0, scale: 3) == 0.2)
    #expect(settings.guideWeight(depth: 0, scale: 4) == 0)
    #expect(settings.guideWeight(depth: 0, scale: 16) == 0)
    for scale in [0.5, 1, 4, 16] {
      #expect(settings.guideWeight(depth: 7, scale: scale) == 0.6)
      let weights = (0..<8).map { settings.guideWeight(depth: $0, scale: scale) }
      #expect(weights == weights.sorted())
    }
  }
}
