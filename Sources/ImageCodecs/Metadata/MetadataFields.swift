/// A named value in a file's metadata.
struct MetadataField: Equatable {
  var name: String
  /// A type number of EXIF; 0 elsewhere.
  var type = 0
  /// In place: a hostile file may name the same bytes many thousand times.
  var value: ArraySlice<UInt8>
}

/// Takes metadata apart into the fields that people know, to tell which of them differ.
///
/// What is not understood has no fields: then the whole segment or chunk is the field.
enum MetadataFields {
  /// The fields of a JPEG segment's contents.
  static func ofSegment(_ contents: ArraySlice<UInt8>) -> [MetadataField] {
    if contents.starts(with: "Exif\0".utf8) { return exif(contents.dropFirst(6)) }
    if contents.starts(with: XMPPacket.name) {
      return xmp(Array(contents.dropFirst(XMPPacket.name.count)))
    }
    if contents.starts(with: PhotoshopBlock.name) {
      return PhotoshopBlock.resources(Array(contents.dropFirst(PhotoshopBlock.name.count))).map {
        MetadataField(name: "Photoshop resource \($0.id)", value: $0.data)
      }
    }
    return []
  }

  /// The fields of a PNG chunk's contents, the text in them not compressed.
  static func ofChunk(_ type: String, _ contents: ArraySlice<UInt8>) -> [MetadataField] {
    switch type {
    case "eXIf": exif(contents)
    case "tEXt" where contents.starts(with: PNGMetadata.keyword),
      "zTXt" where contents.starts(with: PNGMetadata.keyword):
      xmp(Array(contents.dropFirst(PNGMetadata.keyword.count)))
    case "iTXt" where contents.starts(with: PNGMetadata.keyword):
      // Behind the keyword: two bytes on compression, and two texts that XMP leaves empty.
      xmp(Array(contents.dropFirst(PNGMetadata.keyword.count + 4)))
    case "tEXt", "zTXt", "iTXt":
      [
        MetadataField(
          name: "\(type) "
            + String(decoding: contents.prefix { $0 != 0 }, as: UTF8.self),
          value: contents)
      ]
    default: []
    }
  }

  // MARK: - EXIF

  private static let directories = [0x8769: "Exif", 0x8825: "GPS", 0xA005: "Interop"]

  /// The entries of all directories, and the thumbnail.
  private static func exif(_ bytes: ArraySlice<UInt8>) -> [MetadataField] {
    guard let tiff = TIFFData(bytes), let first = tiff.read32(4) else { return [] }
    var fields: [MetadataField] = []
    var pending = [("IFD0", first)]
    var seen: Set<Int> = []
    while let (name, offset) = pending.popLast() {
      guard seen.insert(offset).inserted, let directory = tiff.directory(at: offset) else {
        continue
      }
      func number(_ tag: Int) -> Int? {
        directory.entries.first { $0.tag == tag }.flatMap(tiff.number)
      }
      for entry in directory.entries {
        if let target = directories[entry.tag], let offset = tiff.number(entry) {
          pending.append((target, offset))
        } else if let values = tiff.values(entry) {
          fields.append(
            MetadataField(
              name: "EXIF \(name) \(exifName(entry.tag, in: name))",
              // Where the thumbnail lies is no property of the photo.
              type: entry.type, value: entry.tag == 0x0201 ? [] : tiff.bytes[values]))
        }
      }
      if let start = number(0x0201), let length = number(0x0202), start <= tiff.bytes.count,
        length <= tiff.bytes.count - start
      {
        fields.append(
          MetadataField(
            name: "EXIF \(name) thumbnail", value: tiff.bytes[start..<start + length]))
      }
      if name == "IFD0", let next = directory.nextPointer.flatMap(tiff.read32), next > 0 {
        pending.append(("IFD1", next))
      }
    }
    return fields
  }

  private static func exifName(_ tag: Int, in directory: String) -> String {
    let names = [
      0x0100: "ImageWidth", 0x0101: "ImageLength", 0x0103: "Compression",
      0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0112: "Orientation",
      0x011A: "XResolution", 0x011B: "YResolution", 0x0128: "ResolutionUnit", 0x0131: "Software",
      0x0132: "DateTime", 0x013B: "Artist", 0x0201: "ThumbnailOffset", 0x0202: "ThumbnailLength",
      0x8298: "Copyright", 0x829A: "ExposureTime", 0x829D: "FNumber", 0x8827: "ISO",
      0x9003: "DateTimeOriginal", 0x9004: "DateTimeDigitized", 0x927C: "MakerNote",
      0x9286: "UserComment", 0xA001: "ColorSpace", 0xA002: "PixelXDimension",
      0xA003: "PixelYDimension", 0xA434: "LensModel",
    ]
    if directory != "GPS", directory != "Interop", let name = names[tag] { return name }
    let hex = String(tag, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
  }

  // MARK: - XMP

  /// The properties of a packet's descriptions: attributes, and elements as they are written.
  private static func xmp(_ packet: [UInt8]) -> [MetadataField] {
    var fields: [MetadataField] = []
    var from = 0
    while let start = packet.first(of: "<rdf:Description", from: from) {
      guard let tag = XMLTag(packet, at: start) else { break }
      for (name, value) in tag.attributes where !name.hasPrefix("xmlns") && name != "rdf:about" {
        fields.append(MetadataField(name: "XMP \(name)", value: value[...]))
      }
      from = tag.range.upperBound
      if tag.isEmpty { continue }
      // The elements within, up to the end tag of the description.
      while let next = packet[from...].firstIndex(of: UInt8(ascii: "<")),
        let child = XMLTag(packet, at: next)
      {
        from = child.range.upperBound
        if child.name.hasPrefix("/") { break }
        var end = from
        if !child.isEmpty {
          guard let close = packet.first(of: "</\(child.name)>", from: from) else { return fields }
          end = close
          from = close + child.name.utf8.count + 3
        }
        fields.append(
          MetadataField(
            name: "XMP \(child.name)", value: packet[child.range.lowerBound..<end]))
      }
    }
    return fields
  }
}
