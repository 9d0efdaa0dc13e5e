internal import Photos

/// Photoshop's image resources (APP13): of concern are its thumbnails, and the EXIF and XMP that it keeps there.
enum PhotoshopBlock {
  /// What a segment with resources begins with.
  static let name: [UInt8] = Array("Photoshop 3.0\0".utf8)

  /// A numbered piece of data.
  struct Resource {
    let id: Int
    /// The whole of it: signature, number, name, size and data.
    let range: Range<Int>
    /// In place, behind the four bytes of its size.
    let data: ArraySlice<UInt8>
    /// Whether the data end before their size says.
    let isCut: Bool
  }

  /// The resources, as far as they make sense.
  ///
  /// - Parameter starts: Where segments begin in data that were joined, in order. A resource may go on from one
  ///   segment into the next, but not where that begins with a resource of its own; there it goes on, too, when
  ///   what lies before makes no sense.
  static func resources(_ data: [UInt8], joinedAt starts: [Int] = []) -> [Resource] {
    func isStart(_ position: Int) -> Bool { data[position...].starts(with: "8BIM".utf8) }
    var found: [Resource] = []
    var position = 0
    var ahead = starts.filter(isStart)[...]
    while position + 12 <= data.count {
      ahead = ahead.drop { $0 <= position }
      let limit = ahead.first ?? data.count
      let sizeAt = position + 6 + (Int(data[position + 6]) + 2) / 2 * 2
      guard isStart(position), sizeAt + 4 <= limit else {
        position = limit
        continue
      }
      let id = Int(data[position + 4]) << 8 | Int(data[position + 5])
      let size = data[sizeAt..<sizeAt + 4].reduce(0) { $0 << 8 | Int($1) }
      let start = sizeAt + 4
      let end = min(limit, start + (size + 1) / 2 * 2)
      found.append(
        Resource(
          id: id, range: position..<end, data: data[start..<min(limit, start + size)],
          isCut: size > limit - start))
      position = end
    }
    return found
  }

  /// The resources after an edit, nil when they stay as they are, and what was done to them.
  ///
  /// Thumbnails (numbers 1033 and 1036) go. EXIF (1058 and 1059) and XMP (1060) follow the edit as they do in a
  /// place of their own, but for the edit history, of which these are copies.
  static func updated(
    _ data: [UInt8], joinedAt starts: [Int] = [], for photo: borrowing Photo,
    _ options: EncodingOptions
  ) -> (bytes: [UInt8]?, notes: [String]) {
    var options = options
    options.mark = nil
    var result: [UInt8] = []
    var notes: [String] = []
    // What lies before is in the result, or gone.
    var done = 0
    var isChanged = false
    for resource in resources(data, joinedAt: starts) {
      // In one block a resource would take what follows for its missing part: it gets the size that it has.
      let isCutBefore = resource.isCut && resource.range.upperBound < data.count
      var contents: [UInt8]? = Array(resource.data)
      switch resource.id {
      case 0x0409, 0x040C:
        contents = nil
        notes.append("Photoshop's thumbnail dropped")
      case 0x0422, 0x0423:
        let exif = ExifBlock.updated(resource.data, for: photo, options)
        notes += exif.notes
        contents = exif.bytes
      case 0x0424:
        let xmp = XMPPacket.updated(Array(resource.data), options)
        notes += xmp.notes
        let packet = xmp.packet ?? Array(resource.data)
        // A position that is cut off has no end to take it out to.
        if options.strip == .gps, resource.isCut, XMPPacket.mentionsPosition(packet) {
          contents = nil
          notes.append(ExifBlock.positionNote)
        } else {
          contents = packet
        }
      default: if !isCutBefore { continue }
      }
      let isSame = contents.map { resource.data.elementsEqual($0) } ?? false
      if isSame && !isCutBefore { continue }
      isChanged = isChanged || !isSame
      result += data[done..<resource.range.lowerBound]
      done = resource.range.upperBound
      guard let contents else { continue }
      result += data[resource.range.lowerBound..<resource.data.startIndex - 4]
      result += (0..<4).map { UInt8(contents.count >> (24 - 8 * $0) & 255) } + contents
      if contents.count % 2 == 1 { result.append(0) }
    }
    return (isChanged ? result + data[done...] : nil, notes)
  }
}
