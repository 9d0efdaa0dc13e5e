/// Finds whole JPEG files inside other data.
enum EmbeddedJPEG {
  /// Where sound JPEGs begin and end.
  ///
  /// - Parameter areas: What is something of its own: one that is cut off seems to go on in what follows, but
  ///   ends where the next of these begins, or that around it ends.
  static func ranges(in bytes: [UInt8], among areas: [Range<Int>] = []) -> [Range<Int>] {
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
        let bounds = areas.map { $0.lowerBound > position ? $0.lowerBound : $0.upperBound }
        let end = bounds.filter { $0 > position }.min() ?? bytes.count
        found.append(position..<min(position + file.end, end))
        position = min(position + file.end, end)
      } else {
        position += 2
      }
    }
    return found
  }
}
