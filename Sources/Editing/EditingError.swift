/// Why a photo could not be edited: one line that names the file, what is wrong, and what to do.
public enum EditingError: Error, Equatable, CustomStringConvertible {
  /// A file could not be read.
  case unreadable(name: String, reason: String)
  /// A file could not be written.
  case unwritable(name: String, reason: String)
  /// The output exists already.
  case exists(name: String)
  /// There is a file already where the photo as it is was to be kept.
  case backupExists(name: String)
  /// The bytes are not a whole picture of a known format. The message names the file itself.
  case picture(message: String)
  /// The output's name asks for another format than the photo's.
  case otherFormat(name: String, photo: String, format: String)
  /// The mask and the photo are of different sizes (upright).
  case maskSize(
    mask: String, width: Int, height: Int, photo: String, photoWidth: Int, photoHeight: Int)
  /// Two pictures to be compared are of different sizes: upright, or as stored where files are compared.
  case comparedSizes(
    before: String, width: Int, height: Int, after: String, afterWidth: Int, afterHeight: Int)
  /// A click or a box lies outside the photo.
  case outside(option: String, name: String, width: Int, height: Int)
  /// Nothing in the photo matches what should go.
  case nothingMatched(name: String, detail: String)
  /// Objects are asked for by a name that none has: the message says which names are known.
  case unknownName(String)
  /// The options contradict each other, or one has no meaning alone.
  case usage(String)
  /// A network could not be loaded or run.
  case network(message: String)

  /// What the caller of a command is told by its exit status.
  public enum Kind: Equatable, Sendable {
    /// This photo failed; others may not.
    case failure
    /// There was nothing to do.
    case nothingMatched
    /// The command was called wrongly.
    case usage
  }

  /// What the caller of a command is told by its exit status.
  public var kind: Kind {
    switch self {
    case .nothingMatched, .unknownName: .nothingMatched
    case .usage, .otherFormat, .outside: .usage
    default: .failure
    }
  }

  /// The line.
  public var description: String {
    switch self {
    case .unreadable(let name, let reason): "\(name): cannot be read: \(reason)"
    case .unwritable(let name, let reason): "\(name): cannot be written: \(reason)"
    case .exists(let name):
      "\(name): exists already; name another output, or add --force to replace it"
    case .backupExists(let name):
      "\(name): exists already, perhaps the photo before an earlier edit, and is never replaced; "
        + "leave out --backup to keep it, or move it away"
    case .picture(let message), .network(let message): message
    case .otherFormat(let name, let photo, let format):
      "\(name): \(photo) is a \(format) file and stays one; give the output a name that says so"
    case .maskSize(let mask, let width, let height, let photo, let photoWidth, let photoHeight):
      "\(mask): is \(width) x \(height) pixels, but \(photo) is \(photoWidth) x \(photoHeight) upright; "
        + "make the mask of the photo's own size"
    case .comparedSizes(
      let before, let width, let height, let after, let afterWidth, let afterHeight):
      "\(after): is \(afterWidth) x \(afterHeight) pixels, but \(before) is \(width) x \(height); "
        + "compare two versions of one photo"
    case .outside(let option, let name, let width, let height):
      "\(option) lies outside \(name), which is \(width) x \(height) pixels upright "
        + "(0,0 is the upper left corner)"
    case .nothingMatched(let name, let detail): "\(name): \(detail)"
    case .unknownName(let message), .usage(let message): message
    }
  }
}
