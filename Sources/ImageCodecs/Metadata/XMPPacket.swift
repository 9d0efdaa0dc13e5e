/// XMP as text: only what shows the old scene is touched, and nothing is reformatted.
enum XMPPacket {
  /// What an APP1 segment with XMP begins with.
  static let name: [UInt8] = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
  /// What the segments begin with that hold the rest of a long packet.
  static let extensionName: [UInt8] = Array("http://ns.adobe.com/xmp/extension/\0".utf8)

  /// What is said when the edit history cannot take an entry.
  static let unmarkedNote = "edit history left as it is: its XMP has no room for an entry"

  /// The packet after an edit, nil when it stays as it is, and what was done to it.
  static func updated(
    _ packet: [UInt8], _ options: EncodingOptions
  ) -> (packet: [UInt8]?, notes: [String]) {
    var result = packet
    var notes: [String] = []
    if let smaller = withoutPictures(result) {
      result = smaller
      notes.append("preview in XMP dropped")
    }
    if options.strip == .gps, let elsewhere = withoutPosition(result) {
      result = elsewhere
      notes.append(ExifBlock.positionNote)
    }
    if let mark = options.mark {
      if let marked = marked(result, by: mark) {
        result = marked
      } else {
        notes.append(unmarkedNote)
      }
    }
    return (result == packet ? nil : result, notes)
  }

  /// The packet with embedded pictures emptied; nil when it has none.
  static func withoutPictures(_ packet: [UInt8]) -> [UInt8]? {
    var result = packet
    var found = false
    // Thumbnails of the XMP specification, and the pictures that phones keep of the original.
    for property in ["xmpGImg:image", "xapGImg:image", "GImage:Data", "GDepth:Data"] {
      for (open, close) in [
        ("<\(property)>", "</\(property)>"), ("\(property)=\"", "\""), ("\(property)='", "'"),
      ] {
        var kept: [UInt8] = []
        var from = 0
        while let start = result.first(of: open, from: from),
          let end = result.first(of: close, from: start + open.utf8.count)
        {
          let value = start + open.utf8.count..<end
          found = found || !value.isEmpty
          kept += result[from..<value.lowerBound]
          from = end
        }
        result = kept + result[from...]
      }
    }
    return found ? result : nil
  }

  /// The packet without the position where the photo was taken; nil when it has none.
  ///
  /// - Complexity: Linear in the packet's size, whatever it holds.
  static func withoutPosition(_ packet: [UInt8]) -> [UInt8]? {
    var kept: [UInt8] = []
    // What lies before is kept or gone.
    var done = 0
    var from = 0
    var ends = endsOfPositionElements(packet)
    while let start = startOfPosition(packet, from: from) {
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

  /// Where the next name with a position begins.
  private static func startOfPosition(_ packet: [UInt8], from: Int) -> Int? {
    var from = from
    while let colon = packet[from...].firstIndex(of: UInt8(ascii: ":")) {
      let start = packet[from..<colon].lastIndex(where: endsName).map { $0 + 1 } ?? from
      if isPosition(packet[start..<min(colon + 4, packet.count)]) { return start }
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

  /// Behind the end tags of each element with a position, by its name, the last first.
  private static func endsOfPositionElements(_ packet: [UInt8]) -> [ArraySlice<UInt8>: [Int]] {
    var ends: [ArraySlice<UInt8>: [Int]] = [:]
    var from = 0
    while let start = packet.first(of: "</", from: from) {
      let name = fieldName(packet, at: start + 2)
      from = name.endIndex
      if isPosition(name), from < packet.count, packet[from] == UInt8(ascii: ">") {
        ends[name, default: []].append(from + 1)
      }
    }
    return ends.mapValues { $0.reversed() }
  }

  /// The packet with one more entry in its edit history; nil when there is no place for it.
  static func marked(_ packet: [UInt8], by mark: EncodingOptions.Mark) -> [UInt8]? {
    var result = packet
    for prefix in ["xmpMM", "xapMM"] {
      if let history = result.first(of: "<\(prefix):History", from: 0) {
        guard let end = result.first(of: "</\(prefix):History>", from: history),
          let close = result.first(of: "</rdf:Seq>", from: history), close < end
        else { return nil }
        result.insert(contentsOf: entry(mark).utf8, at: close)
        let name = history + prefix.utf8.count + 9
        let tagEnd = result[name...].firstIndex(of: UInt8(ascii: ">")) ?? name
        if Array(result[name..<tagEnd]).first(of: "xmlns:stEvt", from: 0) == nil {
          result.insert(contentsOf: eventNamespace.utf8, at: name)
        }
        return result
      }
    }
    guard let end = result.first(of: "</rdf:RDF>", from: 0) else { return nil }
    // All descriptions in a packet are about the same thing, under the same name.
    var about = "\"\""
    if let at = result.first(of: "rdf:about=", from: 0), at + 10 < result.count,
      let close = result[(at + 11)...].firstIndex(of: result[at + 10])
    {
      about = String(decoding: result[at + 10...close], as: UTF8.self)
    }
    result.insert(contentsOf: description(mark, about: about).utf8, at: end)
    return result
  }

  /// A packet that holds one entry of edit history and nothing else.
  static func new(with mark: EncodingOptions.Mark) -> [UInt8] {
    Array(
      """
      <?xpacket begin="\u{FEFF}" id="W5M0MpCehiHzreSzNTczkc9d"?>\
      <x:xmpmeta xmlns:x="adobe:ns:meta/">\
      <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
      \(description(mark, about: "\"\""))</rdf:RDF></x:xmpmeta><?xpacket end="w"?>
      """.utf8)
  }

  private static func description(_ mark: EncodingOptions.Mark, about: String) -> String {
    """
    <rdf:Description rdf:about=\(about) xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">\
    <xmpMM:History\(eventNamespace)><rdf:Seq>\(entry(mark))</rdf:Seq></xmpMM:History>\
    </rdf:Description>
    """
  }

  private static let eventNamespace =
    " xmlns:stEvt=\"http://ns.adobe.com/xap/1.0/sType/ResourceEvent#\""

  /// ImageMagick takes the first slash within the tag of a list's entry for the tag's end, even in quotes:
  /// the namespace is declared outside the list, and slashes in values are written as numbers.
  private static func entry(_ mark: EncodingOptions.Mark) -> String {
    """
    <rdf:li stEvt:action="edited" stEvt:softwareAgent="\(escaped(mark.software))" \
    stEvt:when="\(escaped(mark.date))" stEvt:changed="\(escaped("/"))"/>
    """
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "/": result += "&#47;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }

  /// Whether the rest of a long packet holds a picture.
  static func mentionsPicture(_ part: ArraySlice<UInt8>) -> Bool {
    let bytes = Array(part)
    return ["GImg:image", "GImage:", "GDepth:"].contains { bytes.first(of: $0, from: 0) != nil }
  }

  /// Whether the rest of a long packet holds a position.
  static func mentionsPosition(_ part: ArraySlice<UInt8>) -> Bool {
    startOfPosition(Array(part), from: 0) != nil
  }
}

extension [UInt8] {
  /// Where a text first occurs.
  func first(of text: String, from: Int) -> Int? {
    let needle = [UInt8](text.utf8)
    guard let head = needle.first, count >= needle.count else { return nil }
    var position = from
    while position <= count - needle.count {
      if self[position] == head, self[position..<position + needle.count].elementsEqual(needle) {
        return position
      }
      position += 1
    }
    return nil
  }
}
