internal import Photos

/// EXIF, IPTC or XMP data as ImageMagick writes it into a PNG's text: its kind, its length, and its bytes
/// as hexadecimal digits.
///
/// Nothing else in a PNG can hold IPTC, and for long nothing else could hold EXIF.
struct RawProfile {
  /// What the keywords of such texts begin with.
  static let keyword = "Raw profile type "

  /// The kind once more, as the text has it.
  private let name: String
  /// The data.
  private(set) var bytes: [UInt8]
  /// What was done, one phrase each.
  private(set) var notes: [String] = []

  /// Reads a text; nil when it makes no sense.
  init?(_ text: [UInt8]) {
    let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: 2)
    guard lines.count == 3 else { return nil }
    name = String(decoding: lines[0], as: UTF8.self)
    let digits = lines[1].filter { $0 != UInt8(ascii: " ") }
    guard let count = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
    bytes = []
    var high: UInt8?
    for character in lines[2] where character > UInt8(ascii: " ") {
      guard let digit = Character(Unicode.Scalar(character)).hexDigitValue else { return nil }
      if let first = high {
        bytes.append(first << 4 | UInt8(digit))
        high = nil
      } else {
        high = UInt8(digit)
      }
    }
    guard bytes.count == count, high == nil else { return nil }
  }

  /// The text, with 36 bytes a line.
  var text: [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    let count = String(bytes.count)
    var text = Array("\n\(name)\n".utf8)
    text += String(repeating: " ", count: max(0, 8 - count.count)).utf8
    text += count.utf8
    for (i, byte) in bytes.enumerated() {
      if i % 36 == 0 { text.append(UInt8(ascii: "\n")) }
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return text + [UInt8(ascii: "\n")]
  }

  private static let exifHead = Array("Exif\0\0".utf8)

  /// Whether the data are EXIF's, or are called so.
  private var isExif: Bool {
    name == "exif" || bytes.starts(with: Self.exifHead) || TIFFData(bytes) != nil
  }

  /// Whether the data are Photoshop's resources, which may hold EXIF and XMP among others.
  private var isPhotoshop: Bool { bytes.starts(with: "8BIM".utf8) }

  /// Whether the data are an XMP packet.
  var isXMP: Bool { !isPhotoshop && bytes.first(of: "<rdf:RDF", from: 0) != nil }

  /// Lets the data follow the edit, whichever they are, as they would in a place of their own; none are left
  /// when they have to go.
  mutating func update(for photo: borrowing Photo, _ options: EncodingOptions) {
    if isPhotoshop {
      let updated = PhotoshopBlock.updated(bytes, for: photo, options)
      notes = updated.notes
      bytes = updated.bytes ?? bytes
    } else if isExif {
      let start = bytes.starts(with: Self.exifHead) ? Self.exifHead.count : 0
      let updated = ExifBlock.updated(bytes.dropFirst(start), for: photo, options)
      notes = updated.notes
      bytes = updated.bytes.map { bytes.prefix(start) + $0 } ?? []
    } else if isXMP {
      let (packet, notes) = XMPPacket.updated(bytes, options)
      self.notes = notes
      if let packet { bytes = packet }
    }
  }
}
