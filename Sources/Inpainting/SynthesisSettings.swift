/// How the exemplar synthesis searches: chosen by measurement on photos with object-shaped holes.
public struct SynthesisSettings: Sendable {
  /// Halving ends when no pixel of the hole is farther than this from its edge.
  public var coarsestReach = 16
  /// The guide's low-pass, as a standard deviation in the network's pixels.
  public var guideBlur = 2.0
  /// What the guide counts beside the picture's own distance when the hole is first peeled.
  public var guidePeel = 0.45
  /// What it counts later, where the photo was halved `guideDepth` times or more.
  public var guideCoarse = 0.45
  /// What it counts at the finest scale of a photo that the network is shown with at most two pixels as
  /// one; less beyond, and nothing from four pixels on.
  public var guideFine = 0.3
  /// See `guideCoarse`; more than 0.
  public var guideDepth = 6.0
  /// What the smooth fill counts at the first search of all where there is no guide.
  public var smoothWeight = 0.25
  /// Rounds of searching and voting at the coarsest scale.
  public var coarsestRounds = 4
  /// The most rounds at other scales.
  public var mostRounds = 20
  /// How many targets a scale may search, all its rounds together; at the least one round is done.
  public var budget = 150_000
  /// Passes of PatchMatch a round.
  public var passes = 2
  /// Passes of PatchMatch in the first round of all.
  public var firstPasses = 4
  /// The part of all costs whose value is the votes' variance.
  public var voteQuantile = 0.75
  /// How fast votes fall with cost.
  public var voteSharpness = 1.0
  /// Votes fall by this factor with each pixel from the hole's edge.
  public var fade = 2.5
  /// How much of the mean of all patches over it a finished pixel takes: 0 leaves what one patch says.
  public var softness = 0.25
  /// Differences at the hole's edge up to this many levels are smoothed over; 0: none.
  public var seamLimit = 100
  /// The mean texture of a window, beside colours of 0 to 255: how much texture counts.
  public var texture = 30.0
  /// How much rougher the sources that are sought should be than those found so far, as a factor; at the
  /// finest scale as rough, and nowhere rougher than the hole's surroundings.
  public var textureGain = 1.4
  /// The context around a hole in which sources are sought, in parts of the hole's longer side.
  public var context = 0.6
  /// Trust in the guide falls to a half at so many network pixels from the hole's edge; 0: never.
  public var trustReach = 24.0
  /// How much of the guide's low frequencies the result takes over where its sources match badly.
  public var transfer = 1.0
  /// The largest difference that is taken over, softly.
  public var transferLimit = 40.0
  /// The mismatch of patches, in levels, at which that falls to a half; 0: it never falls.
  public var transferError = 3.0

  /// The settings of the product.
  public init() {}

  /// These settings for pieces of thin holes: what belongs there lies right beside them, and is soon found.
  var forThinHoles: SynthesisSettings {
    var settings = self
    settings.context = min(context, 0.15)
    settings.budget = min(budget, 20_000)
    settings.coarsestReach = min(coarsestReach, 8)
    return settings
  }

  /// What the guide counts beside the picture's own distance.
  ///
  /// It moves evenly from `guideDepth` to the finest scale. Shown less than a quarter of the photo's pixels
  /// each way, a network has nothing to say about the finest ones.
  ///
  /// - Parameters:
  ///   - depth: How often the picture was halved.
  ///   - scale: Pixels of the photo to one of the guide.
  func guideWeight(depth: Int, scale: Double) -> Double {
    let position = min(1, Double(depth) / guideDepth)
    let fine = guideFine * max(0, min(1, (4 - scale) / 2))
    return fine + (guideCoarse - fine) * position
  }
}
