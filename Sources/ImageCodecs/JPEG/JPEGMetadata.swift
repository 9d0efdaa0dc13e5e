internal import Photos

/// A JPEG's APPn and COM segments, as they go into the result.
///
/// Every segment is carried over byte for byte but those that hold a small copy of the old scene, or a
/// signature over it: such copies are made anew where the file has room for that, or else removed.
struct JPEGMetadata {
  /// What each of the file's metadata segments became, by its position in `JPEGFile.segments`.
  private var segments: [Int: [UInt8]] = [:]
  /// Segments that the source did not have, and the position that they come before.
  private var added: [UInt8] = []
  private var addedBefore = 0
  /// Positions in all.
  private let count: Int
  /// What was changed, one phrase each.
  private(set) var notes = Notes()

  /// All segments, in the file's order.
  var all: [UInt8] {
    (0..<count).flatMap { self[$0] }
  }

  /// What a segment of the file became, with those added before it.
  subscript(index: Int) -> [UInt8] {
    (index == addedBefore ? added : []) + (segments[index] ?? [])
  }

  /// Carries the segments over.
  init(
    of file: JPEGFile, in bytes: [UInt8], photo: borrowing Photo, options: EncodingOptions
  ) {
    count = file.segments.count
    var (options, hasXMP) = (options, false)
    let hasDataBehind = bytes[file.end...].contains { $0 != 0 }
    options.dropsWhatFollows =
      hasDataBehind
      || file.segments.contains {
        $0.marker == JPEGFile.Marker.app(2) && bytes[$0.contents].starts(with: "MPF\0".utf8)
      }
    let rest = XMPPacket.rest(
      in: file.segments.filter {
        $0.marker == JPEGFile.Marker.app(1)
          && bytes[$0.contents].starts(with: XMPPacket.extensionName)
      }.map { bytes[$0.contents] })
    let extendedShowsPicture = XMPPacket.mentionsPicture(rest)
    let extendedHasPosition = options.strip == .gps && XMPPacket.mentionsPosition(rest)
    let photoshop = file.segments.indices.filter {
      file.segments[$0].marker == JPEGFile.Marker.app(13)
        && bytes[file.segments[$0].contents].starts(with: PhotoshopBlock.name)
    }
    for (index, segment) in file.segments.enumerated() where segment.isMetadata {
      let contents = bytes[segment.contents]
      if options.strip == .all, !Self.isNeeded(segment, contents) { continue }
      switch segment.marker {
      case JPEGFile.Marker.app(0):
        segments[index] = jfif(segment, contents, bytes)
      case JPEGFile.Marker.app(1) where contents.starts(with: "Exif\0".utf8):
        let updated = ExifBlock.updated(contents.dropFirst(6), for: photo, options)
        notes += updated.notes
        segments[index] = updated.bytes.map {
          Self.segment(segment.marker, contents.prefix(6) + $0)
        }
      case JPEGFile.Marker.app(1) where contents.starts(with: XMPPacket.name):
        let packet = xmp(Array(contents), options)
        segments[index] =
          packet.map { Self.segment(segment.marker, $0) } ?? Array(bytes[segment.range])
        hasXMP = true
        // One entry of history is enough, should there be several packets.
        options.mark = nil
      case JPEGFile.Marker.app(1) where contents.starts(with: XMPPacket.extensionName):
        let stays = !extendedShowsPicture && !extendedHasPosition
        segments[index] = stays ? Array(bytes[segment.range]) : nil
      case JPEGFile.Marker.app(2) where contents.starts(with: "MPF\0".utf8):
        // A directory of further pictures behind this one, which are dropped.
        notes.append("further pictures in the file dropped")
      case JPEGFile.Marker.app(2) where contents.starts(with: "ICC_PROFILE\0".utf8),
        JPEGFile.Marker.comment:
        segments[index] = Array(bytes[segment.range])
      case JPEGFile.Marker.app(11) where Array(contents).first(of: "c2pa", from: 0) != nil:
        notes.append(Self.credentialsNote)
      case JPEGFile.Marker.app(13) where contents.starts(with: PhotoshopBlock.name):
        if index == photoshop.first {
          updatePhotoshop(photoshop, of: file, in: bytes, photo: photo, options: options)
        }
      default:
        if EmbeddedJPEG.ranges(in: Array(contents)).isEmpty {
          segments[index] = Array(bytes[segment.range])
        } else {
          notes.append("preview in segment APP\(segment.marker & 15) dropped")
        }
      }
    }
    if extendedShowsPicture { notes.append("preview in XMP dropped") }
    if extendedHasPosition {
      notes.append("\(ExifBlock.positionNote), with the rest of a long XMP packet")
    }
    if hasDataBehind {
      notes.append("data behind the picture dropped")
    }
    // What is new comes behind the JFIF and EXIF segments, which have to come first.
    let first = file.segments.firstIndex {
      $0.marker != JPEGFile.Marker.app(0)
        && !bytes[$0.contents].starts(with: "Exif\0".utf8)
    }
    addedBefore = first ?? 0
    if options.strip == .all {
      notes.append("metadata removed")
      if photo.orientation != .up {
        added += Self.segment(
          JPEGFile.Marker.app(1), Array("Exif\0\0".utf8) + ExifBlock.only(photo.orientation))
      }
    }
    if let mark = options.mark, !hasXMP, options.strip != .all {
      added += Self.segment(
        JPEGFile.Marker.app(1), XMPPacket.name + XMPPacket.new(with: mark))
    }
  }

  /// Whether the picture looks other without a segment.
  private static func isNeeded(
    _ segment: JPEGFile.Segment, _ contents: ArraySlice<UInt8>
  ) -> Bool {
    contents.starts(with: "JFIF\0".utf8) || contents.starts(with: "ICC_PROFILE\0".utf8)
      || contents.starts(with: "Adobe".utf8)
  }

  /// An XMP segment's contents after the edit; nil when they stay.
  private mutating func xmp(_ contents: [UInt8], _ options: EncodingOptions) -> [UInt8]? {
    var (packet, notes) = XMPPacket.updated(contents, options)
    if let long = packet, long.count > 65_533 {
      // Only the mark makes a packet longer.
      var unmarked = options
      unmarked.mark = nil
      (packet, notes) = XMPPacket.updated(contents, unmarked)
      notes.append(XMPPacket.unmarkedNote)
    }
    self.notes += notes
    return packet
  }

  /// Lets Photoshop's resources follow the edit: they are one block, however many segments it takes.
  private mutating func updatePhotoshop(
    _ positions: [Int], of file: JPEGFile, in bytes: [UInt8], photo: borrowing Photo,
    options: EncodingOptions
  ) {
    var block: [UInt8] = []
    var starts: [Int] = []
    for position in positions {
      let segment = file.segments[position]
      segments[position] = Array(bytes[segment.range])
      starts.append(block.count)
      block += bytes[segment.contents].dropFirst(PhotoshopBlock.name.count)
    }
    let updated = PhotoshopBlock.updated(block, joinedAt: starts, for: photo, options)
    notes += updated.notes
    guard let new = updated.bytes else { return }
    for position in positions { segments[position] = nil }
    let room = 65_533 - PhotoshopBlock.name.count
    segments[positions[0]] = stride(from: 0, to: new.count, by: room).flatMap {
      Self.segment(
        JPEGFile.Marker.app(13), PhotoshopBlock.name + new[$0..<min($0 + room, new.count)])
    }
  }

  /// What people call a segment: its marker, and what it holds.
  static func name(of segment: JPEGFile.Segment, in bytes: [UInt8]) -> String {
    if segment.marker == JPEGFile.Marker.comment { return "comment" }
    let contents = bytes[segment.contents]
    let kinds: [([UInt8], String)] = [
      (Array("Exif\0".utf8), "EXIF"), (XMPPacket.name, "XMP"),
      (XMPPacket.extensionName, "XMP extension"), (Array("ICC_PROFILE\0".utf8), "ICC profile"),
      (Array("MPF\0".utf8), "further pictures"), (Array("JFIF\0".utf8), "JFIF"),
      (Array("JFXX\0".utf8), "JFIF extension"), (PhotoshopBlock.name, "Photoshop and IPTC"),
      (Array("Adobe".utf8), "Adobe"),
    ]
    let kind = kinds.first { contents.starts(with: $0.0) }?.1
    return "APP\(segment.marker & 15)" + (kind.map { " \($0)" } ?? "")
  }

  private static let credentialsNote = "content credentials dropped: they vouch for the old picture"

  /// A JFIF segment without its own thumbnail; nil for one that is nothing else.
  private mutating func jfif(
    _ segment: JPEGFile.Segment, _ contents: ArraySlice<UInt8>, _ bytes: [UInt8]
  ) -> [UInt8]? {
    if contents.starts(with: "JFXX\0".utf8) {
      notes.append("thumbnail dropped")
      return nil
    }
    guard contents.starts(with: "JFIF\0".utf8), contents.count > 14 else {
      return Array(bytes[segment.range])
    }
    notes.append("thumbnail dropped")
    return Self.segment(segment.marker, contents.prefix(12) + [0, 0])
  }

  /// A marker segment of its own length.
  private static func segment(_ marker: UInt8, _ contents: some Collection<UInt8>) -> [UInt8] {
    let length = contents.count + 2
    return [0xFF, marker, UInt8(length >> 8), UInt8(length & 255)] + contents
  }
}
