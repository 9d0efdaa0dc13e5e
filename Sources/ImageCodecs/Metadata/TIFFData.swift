internal import Photos

/// The TIFF structure that EXIF metadata is: byte order, directories, entries, read and overwritten in place.
///
/// Nothing is believed: every offset is checked, and what does not fit is nil.
struct TIFFData {
  /// A directory's entry.
  struct Entry: Equatable {
    /// The field's number.
    var tag: Int
    /// The type: 3 is 16 bits, 4 is 32 bits, 13 is 32 bits that are a directory's offset.
    var type: Int
    /// How many values.
    var count: Int
    /// Where in the TIFF data the four bytes of value or offset are.
    var valueOffset: Int
  }

  /// A directory.
  struct Directory {
    /// What it holds.
    var entries: [Entry]
    /// Where it lies, with the offset of the next one.
    var range: Range<Int>
    /// Where the offset of the next one is written; nil where the data end before.
    var nextPointer: Int?
  }

  /// The TIFF data, from the byte order mark on.
  var bytes: [UInt8]
  /// Whether numbers have their low byte first.
  let isLittleEndian: Bool

  /// Reads the header; nil when it is no TIFF.
  init?(_ bytes: some Collection<UInt8>) {
    self.bytes = Array(bytes)
    guard self.bytes.count >= 8 else { return nil }
    switch (self.bytes[0], self.bytes[1]) {
    case (0x49, 0x49): isLittleEndian = true
    case (0x4D, 0x4D): isLittleEndian = false
    default: return nil
    }
    guard read16(2) == 42 else { return nil }
  }

  /// The 16-bit number at an offset.
  func read16(_ offset: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - 2 else { return nil }
    let (a, b) = (Int(bytes[offset]), Int(bytes[offset + 1]))
    return isLittleEndian ? b << 8 | a : a << 8 | b
  }

  /// The 32-bit number at an offset.
  func read32(_ offset: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - 4, let a = read16(offset),
      let b = read16(offset + 2)
    else { return nil }
    return isLittleEndian ? b << 16 | a : a << 16 | b
  }

  /// Overwrites the 32-bit number at an offset that was read before.
  mutating func write32(_ value: Int, at offset: Int) {
    precondition(offset >= 0 && offset <= bytes.count - 4, "the field lies inside the data")
    for i in 0..<4 {
      bytes[offset + i] = UInt8(value >> (isLittleEndian ? 8 * i : 24 - 8 * i) & 255)
    }
  }

  /// The directory at an offset; nil when it does not fit.
  ///
  /// Some writers leave out the offset of the next one at the data's end, and readers do without.
  func directory(at offset: Int) -> Directory? {
    guard offset >= 8, let count = read16(offset) else { return nil }
    let end = offset + 2 + 12 * count
    guard end <= bytes.count else { return nil }
    var entries: [Entry] = []
    for i in 0..<count {
      let at = offset + 2 + 12 * i
      guard let tag = read16(at), let type = read16(at + 2), let number = read32(at + 4) else {
        return nil
      }
      entries.append(Entry(tag: tag, type: type, count: number, valueOffset: at + 8))
    }
    let hasNext = end + 4 <= bytes.count
    return Directory(
      entries: entries, range: offset..<(hasNext ? end + 4 : end),
      nextPointer: hasNext ? end : nil)
  }

  /// The first directory, which describes the picture itself.
  var first: Directory? { read32(4).flatMap(directory(at:)) }

  /// An entry's single whole number.
  func number(_ entry: Entry) -> Int? {
    guard entry.count == 1 else { return nil }
    return switch entry.type {
    case 3: read16(entry.valueOffset)
    case 4, 13: read32(entry.valueOffset)
    default: nil
    }
  }

  /// An entry's whole numbers, of 16 or 32 bits; nil for other types, and where they do not fit.
  func numbers(_ entry: Entry) -> [Int]? {
    guard [3, 4, 13].contains(entry.type), let values = values(entry) else { return nil }
    let size = entry.type == 3 ? 2 : 4
    return stride(from: values.lowerBound, to: values.upperBound, by: size).compactMap {
      size == 2 ? read16($0) : read32($0)
    }
  }

  /// Bytes of one value of each type, by the type's number (TIFF 6.0, section 2).
  static let sizes = [
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
  ]

  /// Where an entry's values lie; nil where they do not fit.
  func values(_ entry: Entry) -> Range<Int>? {
    let size = (Self.sizes[entry.type] ?? 1) * entry.count
    if size <= 4 { return entry.valueOffset..<entry.valueOffset + size }
    guard let start = read32(entry.valueOffset), start <= bytes.count, size <= bytes.count - start
    else { return nil }
    return start..<start + size
  }

  /// What the first directory says of the orientation.
  var orientation: Orientation? {
    first?.entries.first { $0.tag == 0x0112 }.flatMap(number).flatMap(
      Orientation.init(rawValue:))
  }
}
