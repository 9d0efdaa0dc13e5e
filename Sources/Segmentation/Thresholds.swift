import Networks

/// The numbers of the grouping and of the prompts.
///
/// The network file carries them: they belong to its weights, and `tune-segmentation` in `Training/`
/// chooses them anew for new ones.
struct Thresholds: Sendable {
  /// The least value of a middle.
  var leastCentre: Float
  /// A middle is the greatest value within so many cells.
  var centreReach: Int
  /// A middle needs this share of its cells pointing at it.
  var leastVotes: Float
  /// A cell points at a middle if it points to within so many cells of it.
  var voteReach: Int
  /// How far from a middle a cell may point: so many cells, and `toleranceShare` of how far it points.
  var toleranceCells: Float
  /// See `toleranceCells`.
  var toleranceShare: Float
  /// A second class within one middle's cells is an object of its own from this share on.
  var secondShare: Float
  /// A stray piece joins an object of another class if it is smaller than this share of it.
  var pieceShare: Float
  /// Two middles' cells are one object if, on average, they point to places nearer than this share of
  /// the square root of their number.
  var nearness: Float
  /// A part of an object further than so many cells from its largest part is an object of its own.
  var gap: Int
  /// The least number of cells of an object.
  var smallest: Int
  /// Objects that the network is less sure of are left out.
  var leastScore: Float
  /// What is added to the logits when nothing but clicks on the object is given: the network, unsure
  /// how far the object goes, then says too little.
  var clickLean: Float
  /// The same for a box without clicks beside the thing.
  var boxLean: Float
  /// The network takes a second look at a clicked thing in a window of its own, if that is at most this
  /// share of the photo.
  var clickZoomShare: Float
  /// The same for a boxed thing: its place is known better.
  var boxZoomShare: Float
  /// That window's margin on each side, as a share of the thing's longer side.
  var zoomMargin: Float
  /// That window's least side, as a share of the photo's longer side.
  var zoomLeast: Float

  /// Reads the thresholds of a network's parameters.
  ///
  /// - Throws: `NetworkError.badGraph` if one is missing or out of range.
  init(_ parameters: JSON) throws(NetworkError) {
    let values = parameters["thresholds"]
    func share(_ key: String) throws(NetworkError) -> Float {
      guard let value = values?[key]?.number, (0...100).contains(value) else {
        throw .badGraph("the segmentation network lacks the threshold \(key)")
      }
      return Float(value)
    }
    func whole(_ key: String) throws(NetworkError) -> Int {
      guard let value = values?[key]?.integer, (0...100).contains(value) else {
        throw .badGraph("the segmentation network lacks the threshold \(key)")
      }
      return value
    }
    leastCentre = try share("least_centre")
    centreReach = try whole("centre_reach")
    leastVotes = try share("least_votes")
    voteReach = try whole("vote_reach")
    toleranceCells = try share("tolerance_cells")
    toleranceShare = try share("tolerance_share")
    secondShare = try share("second_share")
    pieceShare = try share("piece_share")
    nearness = try share("nearness")
    gap = try whole("gap")
    smallest = try whole("smallest")
    leastScore = try share("least_score")
    clickLean = try share("click_lean")
    boxLean = try share("box_lean")
    clickZoomShare = try share("click_zoom_share")
    boxZoomShare = try share("box_zoom_share")
    zoomMargin = try share("zoom_margin")
    zoomLeast = try share("zoom_least")
  }
}
