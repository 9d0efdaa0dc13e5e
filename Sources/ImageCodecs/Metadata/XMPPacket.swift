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
    if options.strip == .gps, let elsewhere = without(isPosition, result) {
      result = elsewhere
      notes.append(ExifBlock.positionNote)
    }
    if options.dropsWhatFollows, let alone = without(tellsWhatFollows, result) {
      result = alone
      notes.append("what XMP tells of the data behind the picture dropped")
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

  /// The rest of a long packet, put together from the segments' contents, which are cut anywhere.
  ///
  /// Behind its name each has a checksum of the whole in 32 bytes, the size of that, and where in it its part
  /// begins. Behind it come the segments as they are, for such as are made otherwise.
  static func rest(in segments: [ArraySlice<UInt8>]) -> [UInt8] {
    let all = segments.map { $0.dropFirst(extensionName.count) }
    let parts = all.sorted { $0.prefix(40).lexicographicallyPrecedes($1.prefix(40)) }
    return parts.flatMap { $0.dropFirst(40) } + all.flatMap { $0 + [0] }
  }

  /// Whether XMP, or the rest of a long packet, holds a picture.
  static func mentionsPicture(_ bytes: [UInt8]) -> Bool {
    ["GImg:image", "GImage:", "GDepth:"].contains { bytes.first(of: $0, from: 0) != nil }
  }

  /// Whether XMP, or the rest of a long packet, holds a position.
  static func mentionsPosition(_ bytes: [UInt8]) -> Bool {
    start(isPosition, bytes, from: 0) != nil
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
