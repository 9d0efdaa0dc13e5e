/// Finds whole JPEG files inside other data.
enum EmbeddedJPEG {
  /// Where sound JPEGs begin and end.
  static func ranges(in bytes: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var position = 0
    var tries = 0
    while position + 4 <= bytes.count, tries < 64 {
      guard bytes[position] == 0xFF, bytes[position + 1] == 0xD8, bytes[position + 2] == 0xFF,
        bytes[position + 3] >= 0xC0
      else {
        position += 1
        continue
      }
      tries += 1
      let rest = Array(bytes[position...])
      let file = JPEGFile(rest)
      if !file.scans.isEmpty, (try? jpegInfo(rest)) != nil {
        found.append(position..<position + file.end)
        position += file.end
      } else {
        position += 2
      }
    }
    return found
  }
}
