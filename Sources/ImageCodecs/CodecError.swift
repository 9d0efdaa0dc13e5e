/// Why a file could not be read, or a picture not be written.
///
/// The description is one lower-case line that names what is wrong and what to do; the caller puts the
/// file's name before it.
public enum CodecError: Error, Equatable, CustomStringConvertible {
  /// The file holds no byte.
  case empty
  /// The content is of no kind that is read here; the kind, when it is a known one.
  case unrecognized(kind: String?)
  /// The data ends before the picture does.
  case truncated(ImageFormat)
  /// The data contradicts itself; the library's words.
  case corrupt(ImageFormat, detail: String)
  /// The file is sound as far as one can tell, but of a variety that cannot be read.
  case unsupported(ImageFormat, what: String)
  /// More pixels than are handled, or than fit into this machine's memory.
  case tooLarge(width: Int, height: Int, reason: String)
  /// An allocation failed.
  case outOfMemory
  /// A picture has another size than the source that it is written over.
  case sizeMismatch(expected: String, found: String)
  /// The picture could not be encoded; the library's words.
  case notEncodable(ImageFormat, detail: String)
  /// A JPEG cannot be written in the scans or with the code tables asked for; the library's words.
  case unwritableScans(detail: String)

  /// The line to show after the file's name.
  public var description: String {
    switch self {
    case .empty:
      "the file is empty: copy it again from where it came"
    case .unrecognized(let kind?):
      "this is \("AEIO".contains(kind.prefix(1)) ? "an" : "a") \(kind) file, and only JPEG and PNG are read: convert it first"
    case .unrecognized(nil):
      "this is no JPEG or PNG file: check what it holds, or convert it first"
    case .truncated(let format):
      "the \(format) file ends too early: copy it again from where it came"
    case .corrupt(let format, let detail):
      "the \(format) data is damaged (\(detail)): copy it again from where it came"
    case .unsupported(let format, let what):
      "this variety of \(format) cannot be read (\(what)): convert it to a common one first"
    case .tooLarge(let width, let height, let reason):
      "\(width) x \(height) pixels are too many (\(reason)): use a smaller picture"
    case .outOfMemory:
      "there is not enough memory for this picture: close other programs or use a smaller one"
    case .sizeMismatch(let expected, let found):
      "the picture has \(found) pixels and not the \(expected) of its source: give both the same size"
    // A photo's result has the photo's format; pictures that go with it have the one that they are named by.
    case .notEncodable(.jpeg, let detail), .unwritableScans(let detail):
      "the result cannot be written as JPEG (\(detail)): convert the photo to PNG first, or name a "
        + "picture that is not the photo .png"
    case .notEncodable(.png, let detail):
      "the result cannot be written as PNG (\(detail)): convert the photo to JPEG first"
    }
  }
}
