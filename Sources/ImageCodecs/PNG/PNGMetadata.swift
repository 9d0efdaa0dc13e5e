internal import Photos

/// A PNG's ancillary chunks, as they go into the result.
///
/// As ``JPEGMetadata``: byte for byte, but for small copies of the old scene, the time of the last change, what
/// nobody here knows and may speak of the old samples, and what is asked for.
struct PNGMetadata {
  /// What chunks became, by where they begin in the file: other contents, or nil for none.
  private(set) var replaced: [Int: [UInt8]?] = [:]
  /// Chunks that the source did not have: names and contents.
  private(set) var added: [(type: String, contents: [UInt8])] = []
  /// What was changed, one phrase each.
  private(set) var notes = Notes()
  /// Whether the file has a packet of XMP already.
  private var hasXMP = false

  /// What the picture looks other without.
  private static let needed: Set = [
    "IHDR", "PLTE", "tRNS", "IDAT", "IEND", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "mDCV", "cLLI",
    "sBIT", "bKGD", "hIST", "pHYs", "sPLT",
  ]

  /// What stays true of other samples, though its name says that it depends on them: the standard's own, and
  /// those of its registered extensions.
  private static let independent = needed.union(["pCAL", "sCAL", "sTER"])

  /// Carries the chunks over.
  init(of file: PNGFile, in bytes: [UInt8], photo: borrowing Photo, options: EncodingOptions) {
    let mark = options.mark
    var options = options
    options.dropsWhatFollows = bytes[file.end...].contains { $0 != 0 }
    // There may be as many kinds as chunks.
    var unknown = (count: 0, kinds: [String]())
    for chunk in file.chunks {
      // One entry of history is enough, should there be several packets.
      var options = options
      if hasXMP { options.mark = nil }
      let start = chunk.range.lowerBound
      let contents = bytes[chunk.contents]
      if options.strip == .all, !Self.needed.contains(chunk.type) {
        replaced[start] = .some(nil)
        continue
      }
      switch chunk.type {
      case "eXIf":
        let updated = ExifBlock.updated(contents, for: photo, options)
        notes += updated.notes
        if updated.bytes != Array(contents) { replaced[start] = .some(updated.bytes) }
      case "iTXt" where contents.starts(with: Self.keyword),
        "tEXt" where contents.starts(with: Self.keyword),
        "zTXt" where contents.starts(with: Self.keyword):
        updateXMP(chunk, of: file, in: bytes, options: options)
      case "tEXt" where contents.starts(with: RawProfile.keyword.utf8),
        "zTXt" where contents.starts(with: RawProfile.keyword.utf8),
        "iTXt" where contents.starts(with: RawProfile.keyword.utf8):
        updateRawProfile(chunk, of: file, in: bytes, photo: photo, options: options)
      case "tEXt" where options.strip == .gps && Self.isPosition(contents),
        "zTXt" where options.strip == .gps && Self.isPosition(contents),
        "iTXt" where options.strip == .gps && Self.isPosition(contents):
        // A field of EXIF or XMP once more, as ImageMagick writes each.
        replaced[start] = .some(nil)
        notes.append(ExifBlock.positionNote)
      case "acTL", "fcTL", "fdAT":
        replaced[start] = .some(nil)
        if chunk.type == "acTL" {
          notes.append("animation dropped: its other frames show the old picture")
        }
      case "caBX":
        replaced[start] = .some(nil)
        notes.append("content credentials dropped: they vouch for the old picture")
      case "dSIG":
        replaced[start] = .some(nil)
        notes.append("digital signature dropped: it vouches for the old picture")
      case "tIME":
        // The standard wants it to be that of the last change: rather none than an older one.
        let time = mark.flatMap { Self.time($0.date) }
        replaced[start] = .some(time)
        if time == nil {
          notes.append("time of the last change dropped: it is that of the old picture")
        }
      case let type where chunk.dependsOnTheSamples && !Self.independent.contains(type):
        replaced[start] = .some(nil)
        unknown.count += 1
        if unknown.kinds.count < 4, !unknown.kinds.contains(type) { unknown.kinds.append(type) }
      default: break
      }
    }
    if unknown.count == 1 {
      notes.append("unknown chunk \(unknown.kinds[0]) dropped: it may describe the old picture")
    } else if unknown.count > 1 {
      let names =
        unknown.kinds.prefix(3).joined(separator: ", ")
        + (unknown.kinds.count > 3 ? " and others" : "")
      notes.append(
        "\(unknown.count) unknown chunks dropped (\(names)): they may describe the old picture")
    }
    if options.dropsWhatFollows {
      notes.append("data behind the picture dropped")
    }
    if options.strip == .all {
      notes.append("metadata removed")
      if photo.orientation != .up { added.append(("eXIf", ExifBlock.only(photo.orientation))) }
    }
    if let mark, !hasXMP, options.strip != .all {
      added.append(("iTXt", Self.keyword + [0, 0, 0, 0] + XMPPacket.new(with: mark)))
    }
  }

  /// Whether a text's keyword names a part of a position, like `exif:GPSLatitude` and `xmp:GPSLatitude`.
  private static func isPosition(_ text: ArraySlice<UInt8>) -> Bool {
    XMPPacket.isPosition(text.prefix { $0 != 0 })
  }

  /// A tIME chunk's contents for a time in UTC like `2026-01-02T03:04:05Z`; nil for one that is written in
  /// another way.
  static func time(_ date: String) -> [UInt8]? {
    let pattern = Array("0000-00-00T00:00:00Z".utf8)
    let text = Array(date.utf8)
    guard text.count == pattern.count,
      zip(text, pattern).allSatisfy({ $1 == 48 ? (48...57).contains($0) : $0 == $1 })
    else { return nil }
    func number(_ range: Range<Int>) -> Int { text[range].reduce(0) { 10 * $0 + Int($1) - 48 } }
    let year = number(0..<4)
    return [UInt8(year >> 8), UInt8(year & 255)]
      + [5, 8, 11, 14, 17].map { UInt8(number($0..<$0 + 2)) }
  }

  /// What a chunk of text with XMP begins with: iTXt by the standard, but readers take any.
  static let keyword = Array("XML:com.adobe.xmp\0".utf8)

  private mutating func updateXMP(
    _ chunk: PNGFile.Chunk, of file: PNGFile, in bytes: [UInt8], options: EncodingOptions
  ) {
    guard let plain = file.plainContents(of: chunk, in: bytes) else {
      replaced[chunk.range.lowerBound] = .some(nil)
      notes.append("compressed XMP dropped: it may show the old picture and cannot be read")
      return
    }
    hasXMP = true
    let updated = XMPPacket.updated(plain, options)
    notes += updated.notes
    guard let packet = updated.packet else { return }
    replaced[chunk.range.lowerBound] =
      chunk.type == "zTXt"
      ? PNGFile.packedText(
        Self.keyword.dropLast(), Array(packet.dropFirst(Self.keyword.count))) : packet
  }

  private mutating func updateRawProfile(
    _ chunk: PNGFile.Chunk, of file: PNGFile, in bytes: [UInt8], photo: borrowing Photo,
    options: EncodingOptions
  ) {
    let keyword = bytes[chunk.contents].prefix { $0 != 0 }
    guard var profile = file.text(of: chunk, in: bytes).flatMap(RawProfile.init) else {
      if options.strip == .gps {
        replaced[chunk.range.lowerBound] = .some(nil)
        notes.append("raw profile removed: it may hold a GPS position")
      }
      return
    }
    let before = profile.bytes
    profile.update(for: photo, options)
    notes += profile.notes
    hasXMP = hasXMP || profile.isXMP
    if profile.bytes == before { return }
    if profile.bytes.isEmpty {
      replaced[chunk.range.lowerBound] = .some(nil)
      return
    }
    replaced[chunk.range.lowerBound] =
      switch chunk.type {
      case "tEXt": keyword + [0] + profile.text
      case "zTXt": PNGFile.packedText(Array(keyword), profile.text)
      default: PNGFile.plainHead(bytes[chunk.contents]).map { $0 + profile.text }
      }
  }
}
