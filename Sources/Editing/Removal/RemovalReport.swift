public import Photos

/// What became of one photo.
public struct RemovalReport: Sendable {
  /// How it ended.
  public enum Status: String, Sendable {
    /// The object is gone and the output is written.
    case done
    /// Nothing in the photo matched; nothing is written.
    case nothingMatched = "nothing-matched"
    /// The photo could not be edited, or not every result be written.
    case failed
    /// An earlier run had finished it already.
    case skipped
  }

  /// One thing that was removed.
  public struct Removed: Sendable {
    /// Its class; `nil` for what was clicked, boxed or masked.
    public var className: String?
    /// How sure the network was, 0 to 1: of what is named, that it is of its class; of what is clicked or
    /// boxed, how clear its outline is; `nil` for a mask, or a box that goes whole.
    public var score: Double?
    /// The box around it, upright.
    public var box: Rectangle
    /// Its pixels with its shadow's, before the mask was grown.
    public var area: Int
    /// Its index among the objects of the scene.
    var index: Int?
  }

  /// One of several fills.
  public struct Variant: Sendable {
    /// Its file's path.
    public var output: String
    /// The seed that makes it again.
    public var seed: UInt64
  }

  /// The photo's path.
  public var input: String
  /// The output's path; `nil` where none was written.
  public var output: String?
  /// Columns of the upright photo; `nil` where it was not opened, or could not be read.
  public var width: Int?
  /// Rows of the upright photo; `nil` where it was not opened, or could not be read.
  public var height: Int?
  /// How it ended.
  public var status: Status
  /// Why it failed.
  public var error: EditingError?
  /// All fills, where several were wanted: the first is `output`.
  public var variants: [Variant] = []
  /// What was removed.
  public var removed: [Removed] = []
  /// Pixels that the mask, grown, covers; 0 where `removed` is empty.
  public var maskPixels = 0
  /// How long it took.
  public var timings = Timings()
  /// The most memory that the process has used so far.
  public var peakMemoryBytes = 0
  /// What else the user should know, like a palette that had to become RGB.
  public var notes: [String] = []
  /// The photo's file as it was when it was read; `nil` for standard input.
  var source: FileSystem.Status?
  /// Small JPEG pictures of before and after, for a report.
  var pictures: (before: ReportPicture, after: ReportPicture)?

  init(input: String, status: Status) {
    self.input = input
    self.status = status
  }

  /// The report of a photo that could not be looked at.
  public init(input: String, failure error: EditingError) {
    self.init(input: input, status: .failed)
    fail(error)
    peakMemoryBytes = Editing.peakMemoryBytes()
  }

  /// Ends the report with an error; what was selected was not removed then, unless it is written.
  mutating func fail(_ error: EditingError) {
    status = error.kind == .nothingMatched ? .nothingMatched : .failed
    self.error = error
    if output == nil { (removed, maskPixels) = ([], 0) }
  }

  /// The report as a JSON object.
  public var json: JSONValue {
    .members([
      "input": .string(input), "output": .optional(output),
      "width": width.map { .integer($0) } ?? .null,
      "height": height.map { .integer($0) } ?? .null,
      "status": .string(status.rawValue),
      "error": .optional(error?.description),
      "removed": .array(removed.map(\.json)),
      "mask_pixels": .integer(maskPixels),
      "timings_ms": timings.json,
      "peak_memory_bytes": .integer(peakMemoryBytes),
      "notes": .array(notes.map { .string($0) }),
      "variants": .array(
        variants.map {
          .members(["output": .string($0.output), "seed": .unsigned($0.seed)])
        }),
    ])
  }
}

extension RemovalReport.Removed {
  var json: JSONValue {
    .members([
      "class": .optional(className),
      "score": score.map { .number($0, digits: 3) } ?? .null,
      "box": box.json,
      "area": .integer(area),
    ])
  }
}

extension Rectangle {
  /// `[x, y, width, height]`.
  var json: JSONValue { .array([x, y, width, height].map { .integer($0) }) }
}
