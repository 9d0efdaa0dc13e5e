/// How the exemplar synthesis searches: chosen by measurement on photos with object-shaped holes.
package struct SynthesisSettings: Sendable {
  /// Halving ends when no pixel of the hole is farther than this from its edge.
  package var coarsestReach = 8
  /// The guide's low-pass, as a standard deviation in the network's pixels.
  package var guideBlur = 2.0
  /// What the guide counts beside the picture's own distance when the hole is first peeled.
  package var guidePeel = 0.2
  /// What it counts later, at scales of `guideReach` network pixels and coarser.
  package var guideCoarse = 0.15
  /// What it counts at the finest scale.
  package var guideFine = 0.0
  /// See `guideCoarse`.
  package var guideReach = 8.0
  /// What the smooth fill counts at the first search of all where there is no guide.
  package var smoothWeight = 0.25
  /// Rounds of searching and voting at the coarsest scale.
  package var coarsestRounds = 4
  /// The most rounds at other scales.
  package var mostRounds = 20
  /// How many targets a scale may search, all its rounds together; at the least one round is done.
  package var budget = 150_000
  /// Passes of PatchMatch a round.
  package var passes = 2
  /// Passes of PatchMatch in the first round of all.
  package var firstPasses = 4
  /// The part of all costs whose value is the votes' variance.
  package var voteQuantile = 0.75
  /// How fast votes fall with cost.
  package var voteSharpness = 1.0
  /// Votes fall by this factor with each pixel from the hole's edge.
  package var fade = 2.5
  /// Differences at the hole's edge up to this many levels are smoothed over; 0: none.
  package var seamLimit = 100
  /// The mean texture of a window, beside colours of 0 to 255: how much texture counts.
  package var texture = 40.0
  /// The context around a hole in which sources are sought, in parts of the hole's longer side.
  package var context = 1.0

  package init() {}
}
