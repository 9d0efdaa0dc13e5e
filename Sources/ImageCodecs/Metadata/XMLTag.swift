/// A tag in XML: its name and attributes.
struct XMLTag {
  /// Its name, with a stroke before it when it ends an element.
  var name: String
  var attributes: [(name: String, value: [UInt8])] = []
  /// The whole of it, angle brackets too.
  var range: Range<Int>
  /// Whether it is an element of its own.
  var isEmpty: Bool

  /// Reads the tag at a position; nil when it has no end.
  init?(_ bytes: [UInt8], at start: Int) {
    func isSpace(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }
    var position = start + 1
    func text(until end: (UInt8) -> Bool) -> String {
      let first = position
      while position < bytes.count, !end(bytes[position]) { position += 1 }
      return String(decoding: bytes[first..<position], as: UTF8.self)
    }
    let slash = position < bytes.count && bytes[position] == UInt8(ascii: "/") ? "/" : ""
    position += slash.utf8.count
    name = slash + text { isSpace($0) || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "/") }
    while position < bytes.count, bytes[position] != UInt8(ascii: ">") {
      if isSpace(bytes[position]) || bytes[position] == UInt8(ascii: "/") {
        position += 1
        continue
      }
      let attribute = text { isSpace($0) || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ">") }
      guard let quote = bytes[position...].firstIndex(where: { "\"'>".utf8.contains($0) }) else {
        return nil
      }
      position = quote
      if bytes[quote] == UInt8(ascii: ">") { break }
      guard let end = bytes[(quote + 1)...].firstIndex(of: bytes[quote]) else { return nil }
      attributes.append((attribute, Array(bytes[quote + 1..<end])))
      position = end + 1
    }
    guard position < bytes.count else { return nil }
    isEmpty = bytes[position - 1] == UInt8(ascii: "/")
    range = start..<position + 1
  }
}
