/// Takes properties out of XMP, without a look at the rest.
extension XMPPacket {
  /// The packet without the properties, attributes or elements, of certain names; nil when it has none.
  ///
  /// - Parameter isGone: Decides by a name's prefix and the first twelve bytes behind it.
  /// - Complexity: Linear in the packet's size, whatever it holds.
  static func without(_ isGone: (ArraySlice<UInt8>) -> Bool, _ packet: [UInt8]) -> [UInt8]? {
    var kept: [UInt8] = []
    // What lies before is kept or gone.
    var done = 0
    var from = 0
    var ends = Self.ends(isGone, packet)
    while let start = Self.start(isGone, packet, from: from) {
      from = fieldName(packet, at: start).endIndex
      guard let before = start > done ? packet[start - 1] : kept.last else { continue }
      var end: Int?
      if before == UInt8(ascii: "<") {
        // An element: to its end tag, or to the end of its only tag.
        let name = fieldName(packet, at: start)
        let tag = packet[name.endIndex...].prefix { !"<>".utf8.contains($0) }
        if tag.endIndex == packet.count || packet[tag.endIndex] == UInt8(ascii: "<") { continue }
        if tag.last == UInt8(ascii: "/") {
          end = tag.endIndex + 1
        } else {
          while let next = ends[name]?.last, next <= tag.endIndex { ends[name]?.removeLast() }
          end = ends[name]?.last
        }
      } else if isSpace(before) {
        // An attribute: to the closing quote.
        let value = packet[fieldName(packet, at: start).endIndex...].drop {
          isSpace($0) || $0 == UInt8(ascii: "=")
        }
        if let quote = value.first, "\"'".utf8.contains(quote) {
          end = value.dropFirst().firstIndex(of: quote).map { $0 + 1 }
        }
      }
      guard let end else { continue }
      // The sign before goes too.
      if start > done { kept += packet[done..<start - 1] } else { kept.removeLast() }
      done = end
      from = end
    }
    return done > 0 ? kept + packet[done...] : nil
  }

  /// Whether a property holds a part of a position: `exif:GPSLatitude`, `drone-dji:GpsLongitude` and what
  /// else begins so behind its prefix.
  static func isPosition(_ name: ArraySlice<UInt8>) -> Bool {
    guard let colon = name.firstIndex(of: UInt8(ascii: ":")), colon > name.startIndex else {
      return false
    }
    // A prefix may be called so too, but has no value.
    if name[..<colon].elementsEqual("xmlns".utf8) { return false }
    // In any case: the bit that small letters have and capitals lack.
    return name[(colon + 1)...].prefix(3).map { $0 | 0x20 }.elementsEqual("gps".utf8)
  }

  /// Whether a property tells of a film, a gain map or other pictures behind this one: a phone's motion photo by
  /// its names old and new, Android's directory of such parts, and the parameters of a gain map.
  static func tellsWhatFollows(_ name: ArraySlice<UInt8>) -> Bool {
    guard let colon = name.firstIndex(of: UInt8(ascii: ":")) else { return false }
    let (prefix, rest) = (name[..<colon], name[(colon + 1)...])
    func begins(_ text: String) -> Bool { rest.starts(with: text.utf8) }
    if ["GCamera", "Camera"].contains(where: { prefix.elementsEqual($0.utf8) }) {
      return begins("MotionPhoto") || begins("MicroVideo")
    }
    return prefix.elementsEqual("hdrgm".utf8)
      || prefix.elementsEqual("Container".utf8) && begins("Directory")
  }

  /// Where the next name of such a property begins.
  static func start(
    _ isGone: (ArraySlice<UInt8>) -> Bool, _ packet: [UInt8], from: Int
  ) -> Int? {
    var from = from
    while let colon = packet[from...].firstIndex(of: UInt8(ascii: ":")) {
      let start = packet[from..<colon].lastIndex(where: endsName).map { $0 + 1 } ?? from
      if isGone(packet[start..<min(colon + 13, packet.count)]) { return start }
      from = colon + 1
    }
    return nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }

  private static func endsName(_ byte: UInt8) -> Bool {
    isSpace(byte) || "=/<>\"'".utf8.contains(byte)
  }

  /// The name that begins at a place.
  private static func fieldName(_ packet: [UInt8], at start: Int) -> ArraySlice<UInt8> {
    packet[start...].prefix { !endsName($0) }
  }

  /// Behind the end tags of each such element, by its name, the last first.
  private static func ends(
    _ isGone: (ArraySlice<UInt8>) -> Bool, _ packet: [UInt8]
  ) -> [ArraySlice<UInt8>: [Int]] {
    var ends: [ArraySlice<UInt8>: [Int]] = [:]
    var from = 0
    while let start = packet.first(of: "</", from: from) {
      let name = fieldName(packet, at: start + 2)
      from = name.endIndex
      if isGone(name), from < packet.count, packet[from] == UInt8(ascii: ">") {
        ends[name, default: []].append(from + 1)
      }
    }
    return ends.mapValues { $0.reversed() }
  }
}
