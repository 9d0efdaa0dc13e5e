/// The parts of a path.
struct PathName {
  /// The folder, without a slash at its end; empty for the current one.
  var folder: String
  /// The file's name without its folder.
  var name: String

  init(_ path: String) {
    var path = Substring(path)
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    if let slash = path.lastIndex(of: "/") {
      folder = slash == path.startIndex ? "/" : String(path[..<slash])
      name = String(path[path.index(after: slash)...])
    } else {
      folder = ""
      name = String(path)
    }
  }

  /// The name without its extension.
  var stem: String { split.stem }

  /// The extension without its point, as written; empty for none.
  var suffix: String { split.suffix }

  private var split: (stem: String, suffix: String) {
    guard let point = name.lastIndex(of: "."), point != name.startIndex else { return (name, "") }
    return (String(name[..<point]), String(name[name.index(after: point)...]))
  }

  /// A path below a folder.
  static func join(_ folder: String, _ name: String) -> String {
    if folder.isEmpty { return name }
    return folder.hasSuffix("/") ? folder + name : folder + "/" + name
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
