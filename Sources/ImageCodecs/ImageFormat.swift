/// The kinds of files that are read and written.
public enum ImageFormat: String, Sendable, CustomStringConvertible {
  /// ISO/IEC 10918 (ITU-T T.81).
  case jpeg
  /// ISO/IEC 15948.
  case png

  /// The name that people use.
  public var description: String { rawValue.uppercased() }

  /// The format of a file with this name, from its extension; nil for another or none.
  public init?(fileName: String) {
    // By bytes: a mark of some scripts before a point, or an accent behind it, makes one character with it.
    guard let dot = fileName.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    switch fileName[fileName.utf8.index(after: dot)...].lowercased() {
    case "jpg", "jpeg", "jpe", "jfif": self = .jpeg
    case "png": self = .png
    default: return nil
    }
  }

  /// Extensions of pictures and pages that are of neither format.
  public static let otherExtensions: Set<String> = [
    "gif", "webp", "heic", "heif", "avif", "tif", "tiff", "bmp", "jxl", "jp2", "svg", "pdf", "psd",
    "dng", "ppm", "pgm", "pnm", "html", "htm", "txt",
  ]

  /// The format of a file with this content.
  ///
  /// - Throws: ``CodecError/empty`` or ``CodecError/unrecognized(kind:)``.
  public init(content bytes: [UInt8]) throws(CodecError) {
    if bytes.isEmpty { throw .empty }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) || bytes == [0xFF, 0xD8] || bytes == [0xFF] {
      self = .jpeg
    } else if bytes.starts(with: PNGFile.signature) || PNGFile.signature.starts(with: bytes) {
      self = .png
    } else {
      throw .unrecognized(kind: Self.otherKind(bytes))
    }
  }

  /// The name of a picture format that is not read here, for the message.
  private static func otherKind(_ bytes: [UInt8]) -> String? {
    func holds(_ text: String, at offset: Int = 0) -> Bool {
      bytes.dropFirst(offset).starts(with: text.utf8)
    }
    if holds("GIF8") { return "GIF" }
    if holds("RIFF"), holds("WEBP", at: 8) { return "WebP" }
    if holds("BM"), bytes.count > 26 { return "BMP" }
    if holds("ftypavif", at: 4) { return "AVIF" }
    if holds("ftyphei", at: 4) || holds("ftyphev", at: 4) || holds("ftypmif1", at: 4) {
      return "HEIC"
    }
    if holds("ftypcrx", at: 4) || holds("FUJIFILMCCD-RAW") { return "camera raw" }
    if holds("II*\0") || holds("MM\0*") { return "TIFF or camera raw" }
    if holds("ftyp", at: 4) { return "video" }
    if holds("%PDF") { return "PDF" }
    if holds("8BPS") { return "Photoshop" }
    if bytes.starts(with: [0xFF, 0x0A]) || holds("JXL ", at: 4) { return "JPEG XL" }
    if holds("<svg") || holds("<?xml") { return "SVG or XML" }
    return nil
  }
}
