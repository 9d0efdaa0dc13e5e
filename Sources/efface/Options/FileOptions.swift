import ArgumentParser
import Editing
import ImageCodecs

/// What becomes of a photo's file besides the picture; shared by `remove-object` and `batch`.
struct FileOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Encode a JPEG anew at this quality, 1 to 100.",
      discussion: "Default: the photo's own, and untouched blocks are copied as they are.",
      valueName: "n"))
  var quality: Int?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Whether an embedded thumbnail is made anew from the result, or dropped."))
  var thumbnail = true

  @Option(
    help: ArgumentHelp(
      "Take the position (gps) or all metadata out of the result.",
      discussion: "The colour profile and the orientation stay.", valueName: "gps|all"))
  var strip: EncodingOptions.Strip = .nothing

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Whether the edit is entered into the photo's history, XMP's xmpMM:History.",
      discussion: "With --strip all it is not."))
  var mark = true

  @Flag(
    help: ArgumentHelp(
      "Give the result the photo's modification time.",
      discussion: "Default: the time of the edit. Permissions are always the photo's."))
  var keepTime = false

  func validate() throws {
    if let quality, !(1...100).contains(quality) {
      throw ValidationError("--quality \(quality): give 1 to 100")
    }
  }

  /// The options for Editing, with nothing selected.
  var removal: RemovalOptions {
    var options = RemovalOptions()
    options.quality = quality
    options.keepsThumbnail = thumbnail
    options.strip = strip
    options.marksHistory = mark
    options.keepsTime = keepTime
    return options
  }
}

extension EncodingOptions.Strip: ExpressibleByArgument {
  /// What one may ask for.
  public static var allValueStrings: [String] { [Self.gps, .all].map(\.rawValue) }
}
