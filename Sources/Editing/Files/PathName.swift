/// The parts of a path.
struct PathName {
  /// The folder, without a slash at its end; empty for the current one.
  var folder: String
  /// The file's name without its folder.
  var name: String

  // By bytes throughout, as the file system does: with an accent behind it, a slash or a point is a part of
  // another character.
  init(_ path: String) {
    var path = path.utf8[...]
    while path.count > 1 && path.last == UInt8(ascii: "/") { path.removeLast() }
    if let slash = path.lastIndex(of: UInt8(ascii: "/")) {
      folder = slash == path.startIndex ? "/" : String(Substring(path[..<slash]))
      name = String(Substring(path[path.index(after: slash)...]))
    } else {
      folder = ""
      name = String(Substring(path))
    }
  }

  /// The name without its extension.
  var stem: String { split.stem }

  /// The extension without its point, as written; empty for none.
  var suffix: String { split.suffix }

  private var split: (stem: String, suffix: String) {
    let bytes = name.utf8
    guard let point = bytes.lastIndex(of: UInt8(ascii: ".")), point != bytes.startIndex else {
      return (name, "")
    }
    return (String(name[..<point]), String(name[bytes.index(after: point)...]))
  }

  /// A path below a folder.
  static func join(_ folder: String, _ name: String) -> String {
    if folder.isEmpty { return name }
    return folder.utf8.last == UInt8(ascii: "/") ? folder + name : folder + "/" + name
  }
}

// For `==` and `<`, two ways to write an accent are one; for a file system they are two names.
extension String {
  /// Whether both are the same bytes.
  func isSameName(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

  /// Whether it comes before the other, byte by byte.
  func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

/// What stands between stem and extension of a photo's output when nothing else is asked for.
public let defaultSuffix = "-removed"

/// The name of a photo's output when none is given: `<stem><suffix>.<ext>` beside the input, or
/// standard output for standard input.
public func defaultOutput(for input: String, suffix: String = defaultSuffix) -> String {
  input == "-" ? "-" : sibling(of: input, suffix: suffix)
}

/// The name under which a photo stays that is edited in place.
public func backupName(of photo: String) -> String { sibling(of: photo, suffix: "-original") }

private func sibling(of input: String, suffix: String) -> String {
  let path = PathName(input)
  let name = path.stem + suffix + (path.suffix.isEmpty ? "" : "." + path.suffix)
  return PathName.join(path.folder, name)
}

/// The names of several results where one was named: `<stem>-1.<ext>`, `<stem>-2.<ext>` and so on.
public func variantOutputs(of output: String, count: Int) -> [String] {
  let path = PathName(output)
  return (1...count).map { number in
    let name = "\(path.stem)-\(number)" + (path.suffix.isEmpty ? "" : "." + path.suffix)
    return PathName.join(path.folder, name)
  }
}
