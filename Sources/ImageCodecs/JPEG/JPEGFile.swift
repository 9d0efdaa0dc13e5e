internal import Photos

/// The segments of a JPEG file, found without decoding.
struct JPEGFile {
  /// A marker, and the segment behind it if it has one.
  struct Segment: Equatable {
    /// The marker's second byte.
    var marker: UInt8
    /// The whole of it in the file: marker, length and contents.
    var range: Range<Int>

    /// Where the contents are: behind the marker and the two length bytes.
    var contents: Range<Int> { min(range.lowerBound + 4, range.upperBound)..<range.upperBound }
    /// Whether it is an APPn or a COM segment.
    var isMetadata: Bool { (0xE0...0xEF).contains(marker) || marker == 0xFE }
  }

  /// One scan's header.
  struct Scan: Equatable {
    var components: [Int]
    var first: Int
    var last: Int
    var high: Int
    var low: Int
    /// MCUs from one restart marker to the next, 0 for none.
    var restartInterval: Int
  }

  /// Marker codes, as ITU-T T.81 table B.1 names them.
  enum Marker {
    static let startOfImage: UInt8 = 0xD8
    static let endOfImage: UInt8 = 0xD9
    static let startOfScan: UInt8 = 0xDA
    static let huffmanTables: UInt8 = 0xC4
    static let arithmeticConditioning: UInt8 = 0xCC
    static let restartInterval: UInt8 = 0xDD
    static let comment: UInt8 = 0xFE
    static func app(_ n: UInt8) -> UInt8 { 0xE0 + n }

    static func isFrame(_ marker: UInt8) -> Bool {
      (0xC0...0xCF).contains(marker) && marker != huffmanTables && marker != 0xC8
        && marker != arithmeticConditioning
    }
  }

  /// Every segment up to the end of the image, in order.
  var segments: [Segment] = []
  /// The scans, in order; components as positions in the frame.
  var scans: [Scan] = []
  /// Where the image ends: behind its end marker, or the end of the file.
  var end = 0

  /// Finds the segments; stops at the first thing that makes no sense, which libjpeg then judges.
  init(_ bytes: [UInt8]) {
    read(bytes.span, onlyHeader: false)
  }

  /// Finds the segments before the first scan's data only.
  init(header bytes: [UInt8]) {
    read(bytes.span, onlyHeader: true)
  }

  private mutating func read(_ bytes: Span<UInt8>, onlyHeader: Bool) {
    var componentIDs: [UInt8] = []
    var restartInterval = 0
    var position = 2
    end = bytes.count
    while position + 1 < bytes.count {
      guard bytes[position] == 0xFF else {
        position += 1
        continue
      }
      let marker = bytes[position + 1]
      switch marker {
      case 0xFF:  // fill byte
        position += 1
        continue
      case 0x00, 0x01, 0xD0...0xD8:  // coded data, or markers without a segment
        position += 2
        continue
      case Marker.endOfImage:
        segments.append(Segment(marker: marker, range: position..<position + 2))
        end = position + 2
        return
      default: break
      }
      guard position + 4 <= bytes.count else { return }
      let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      let upper = position + 2 + length
      guard length >= 2, upper <= bytes.count else { return }
      let segment = Segment(marker: marker, range: position..<upper)
      segments.append(segment)
      let start = segment.contents.lowerBound
      if Marker.isFrame(marker), componentIDs.isEmpty, length >= 8 {
        let count = Int(bytes[start + 5])
        if length >= 8 + 3 * count {
          componentIDs = (0..<count).map { bytes[start + 6 + 3 * $0] }
        }
      } else if marker == Marker.restartInterval, length >= 4 {
        restartInterval = Int(bytes[start]) << 8 | Int(bytes[start + 1])
      } else if marker == Marker.startOfScan {
        guard var scan = Self.scan(bytes, at: start, length: length - 2, ids: componentIDs) else {
          return
        }
        scan.restartInterval = restartInterval
        scans.append(scan)
        if onlyHeader { return }
      }
      position = upper
      if marker == Marker.startOfScan {
        position = Self.endOfCodedData(bytes, from: upper)
      }
    }
  }

  private static func scan(_ bytes: Span<UInt8>, at start: Int, length: Int, ids: [UInt8]) -> Scan?
  {
    guard length >= 1 else { return nil }
    let count = Int(bytes[start])
    guard (1...4).contains(count), length >= 4 + 2 * count else { return nil }
    var components: [Int] = []
    for i in 0..<count {
      guard let index = ids.firstIndex(of: bytes[start + 1 + 2 * i]) else { return nil }
      components.append(index)
    }
    let tail = start + 1 + 2 * count
    return Scan(
      components: components, first: Int(bytes[tail]), last: Int(bytes[tail + 1]),
      high: Int(bytes[tail + 2] >> 4), low: Int(bytes[tail + 2] & 15), restartInterval: 0)
  }

  /// The position of the first marker that ends a scan's coded data.
  private static func endOfCodedData(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var position = start
    while position + 1 < bytes.count {
      if bytes[position] == 0xFF {
        let next = bytes[position + 1]
        if next != 0, next != 0xFF, !(0xD0...0xD7).contains(next) { return position }
      }
      position += 1
    }
    return bytes.count
  }

  /// The EXIF block's TIFF data: the contents of the first APP1 that begins with `Exif`.
  func exif(in bytes: [UInt8]) -> (segment: Int, tiff: Range<Int>)? {
    for (index, segment) in segments.enumerated() where segment.marker == Marker.app(1) {
      if bytes[segment.contents].starts(with: [0x45, 0x78, 0x69, 0x66, 0]),
        segment.contents.count > 6
      {
        return (index, segment.contents.lowerBound + 6..<segment.contents.upperBound)
      }
    }
    return nil
  }

  /// The colour profile, from as many segments as it takes; nil without a whole one (ISO 15076-1, B.4).
  func profile(in bytes: [UInt8]) -> [UInt8]? {
    let name = Array("ICC_PROFILE\0".utf8)
    var parts: [Int: ArraySlice<UInt8>] = [:]
    var count = 0
    for segment in segments where segment.marker == Marker.app(2) {
      let contents = bytes[segment.contents]
      guard contents.starts(with: name), contents.count > name.count + 2 else { continue }
      let start = contents.startIndex + name.count
      parts[Int(contents[start])] = contents[(start + 2)...]
      count = Int(contents[start + 1])
    }
    guard count > 0, (1...count).allSatisfy({ parts[$0] != nil }) else { return nil }
    return (1...count).flatMap { parts[$0] ?? [] }
  }

  /// The orientation that the EXIF block tells, upright without one.
  func orientation(in bytes: [UInt8]) -> Orientation {
    exif(in: bytes).flatMap { TIFFData(bytes[$0.tiff]) }?.orientation ?? .up
  }
}
