/// One photo, what should go from it, and where the results belong.
public struct RemovalRequest: Sendable {
  /// The photo's path; `-` is standard input.
  public var input: String
  /// Where the edited photo goes; `nil` finds and masks only.
  public var output: OutputFile?
  /// Where further fills go, each by the next seed.
  public var variants: [OutputFile] = []
  /// Where a before-and-after picture goes.
  public var comparison: OutputFile?
  /// Where the mask goes, upright, as it was used.
  public var savedMask: OutputFile?
  /// Where the photo goes with the mask, as it was used, drawn on it.
  public var overlay: OutputFile?
  /// What should go, and how.
  public var options: RemovalOptions
  /// Whether small pictures of before and after are wanted for a report.
  var wantsPictures = false

  /// Whether the photo's pixels are still needed once it is written.
  var showsPhoto: Bool { comparison != nil || !variants.isEmpty }
  /// Called with the result's bytes just before they appear under their name.
  var willPublish: (@Sendable ([UInt8]) throws(EditingError) -> Void)?

  /// Makes a request.
  public init(
    input: String, output: OutputFile?, comparison: OutputFile? = nil, savedMask: OutputFile? = nil,
    options: RemovalOptions
  ) {
    self.input = input
    self.output = output
    self.comparison = comparison
    self.savedMask = savedMask
    self.options = options
  }
}

/// What is being done at the moment.
public enum Stage: String, Sendable {
  /// Reading and decoding.
  case reading
  /// The segmentation network.
  case finding = "finding objects"
  /// The inpainting network and the synthesis of detail.
  case filling
  /// Encoding and writing.
  case writing
}
