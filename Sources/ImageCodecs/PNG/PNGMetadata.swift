internal import Photos

/// A PNG's ancillary chunks, as they go into the result.
///
/// As ``JPEGMetadata``: byte for byte, but for small copies of the old scene and what is asked for.
struct PNGMetadata {
  /// What chunks became, by where they begin in the file: other contents, or nil for none.
  private(set) var replaced: [Int: [UInt8]?] = [:]
  /// Chunks that the source did not have: names and contents.
  private(set) var added: [(type: String, contents: [UInt8])] = []
  /// What was changed, one phrase each.
  private(set) var notes: [String] = []
  /// Whether the file has a packet of XMP already.
  private var hasXMP = false

  /// What the picture looks other without.
  private static let needed: Set = [
    "IHDR", "PLTE", "tRNS", "IDAT", "IEND", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "mDCV", "cLLI",
    "sBIT", "bKGD", "hIST", "pHYs", "sPLT",
  ]

  /// Carries the chunks over.
  init(of file: PNGFile, in bytes: [UInt8], photo: borrowing Photo, options: EncodingOptions) {
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
        if var block = ExifBlock(contents) {
          block.update(for: photo, thumbnail: options.thumbnail)
          if options.strip == .gps { block.removePosition() }
          notes += block.notes
          if !block.notes.isEmpty { replaced[start] = block.bytes }
        }
      case "iTXt" where contents.starts(with: Self.keyword):
        guard let plain = file.plainContents(of: chunk, in: bytes) else {
          replaced[start] = .some(nil)
          notes.append("compressed XMP dropped: it may show the old picture and cannot be read")
          continue
        }
        hasXMP = true
        let updated = XMPPacket.updated(plain, options)
        notes += updated.notes
        if let packet = updated.packet { replaced[start] = packet }
      case "tEXt" where contents.starts(with: RawProfile.keyword.utf8),
        "zTXt" where contents.starts(with: RawProfile.keyword.utf8):
        updateRawProfile(chunk, of: file, in: bytes, photo: photo, options: options)
      case "tEXt" where options.strip == .gps && Self.isPosition(contents),
        "zTXt" where options.strip == .gps && Self.isPosition(contents),
        "iTXt" where options.strip == .gps && Self.isPosition(contents):
        // A field of EXIF or XMP once more, as ImageMagick writes each.
        replaced[start] = .some(nil)
        if !notes.contains(ExifBlock.positionNote) { notes.append(ExifBlock.positionNote) }
      case "acTL", "fcTL", "fdAT":
        replaced[start] = .some(nil)
        if chunk.type == "acTL" {
          notes.append("animation dropped: its other frames show the old picture")
        }
      case "caBX":
        replaced[start] = .some(nil)
        notes.append("content credentials dropped: they vouch for the old picture")
      default: break
      }
    }
    if bytes[file.end...].contains(where: { $0 != 0 }) {
      notes.append("data behind the picture dropped")
    }
    if options.strip == .all {
      notes.append("metadata removed")
      if photo.orientation != .up { added.append(("eXIf", ExifBlock.only(photo.orientation))) }
    }
    if let mark = options.mark, !hasXMP, options.strip != .all {
      added.append(("iTXt", Self.keyword + [0, 0, 0, 0] + XMPPacket.new(with: mark)))
    }
  }

  /// Whether a text's keyword names a part of a position, like `exif:GPSLatitude` and `xmp:GPSLatitude`.
  private static func isPosition(_ text: ArraySlice<UInt8>) -> Bool {
    XMPPacket.isPosition(text.prefix { $0 != 0 })
  }

  /// What an iTXt chunk with XMP begins with.
  static let keyword = Array("XML:com.adobe.xmp\0".utf8)

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
    replaced[chunk.range.lowerBound] =
      chunk.type == "tEXt"
      ? keyword + [0] + profile.text : PNGFile.packedText(Array(keyword), profile.text)
  }
}
