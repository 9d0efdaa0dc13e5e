/// XMP as text: only what shows the old scene is touched, and nothing is reformatted.
enum XMPPacket {
  /// What an APP1 segment with XMP begins with.
  static let name: [UInt8] = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
  /// What the segments begin with that hold the rest of a long packet.
  static let extensionName: [UInt8] = Array("http://ns.adobe.com/xmp/extension/\0".utf8)

  /// The packet with embedded pictures emptied; nil when it has none.
  static func withoutPictures(_ packet: [UInt8]) -> [UInt8]? {
    var result = packet
    var found = false
    // Thumbnails of the XMP specification, and the pictures that phones keep of the original.
    for property in ["xmpGImg:image", "xapGImg:image", "GImage:Data", "GDepth:Data"] {
      for (open, close) in [
        ("<\(property)>", "</\(property)>"), ("\(property)=\"", "\""), ("\(property)='", "'"),
      ] {
        var from = 0
        while let start = result.first(of: open, from: from),
          let end = result.first(of: close, from: start + open.utf8.count)
        {
          let value = start + open.utf8.count..<end
          found = found || !value.isEmpty
          result.removeSubrange(value)
          from = value.lowerBound
        }
      }
    }
    return found ? result : nil
  }

  /// Whether the rest of a long packet holds a picture.
  static func mentionsPicture(_ part: ArraySlice<UInt8>) -> Bool {
    let bytes = Array(part)
    return ["GImg:image", "GImage:", "GDepth:"].contains { bytes.first(of: $0, from: 0) != nil }
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
