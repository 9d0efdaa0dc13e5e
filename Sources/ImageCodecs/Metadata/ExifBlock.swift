internal import CImageCodecs
internal import Photos

/// An EXIF block whose small copies of the picture follow the edit.
struct ExifBlock {
  /// The TIFF data.
  private(set) var tiff: TIFFData
  /// What was done, one phrase each.
  private(set) var notes: [String] = []

  /// Reads the TIFF data; nil when it makes no sense, and then holds nothing to see either.
  init?(_ bytes: some Collection<UInt8>) {
    guard let tiff = TIFFData(bytes) else { return nil }
    self.tiff = tiff
  }

  /// The data as it is now.
  var bytes: [UInt8] { tiff.bytes }

  /// Puts the edited photo into the thumbnail's place, or removes it, and blanks previews elsewhere.
  mutating func update(for photo: borrowing Photo, thumbnail: EncodingOptions.Thumbnail) {
    var kept: Range<Int>?
    if let first = tiff.first, let offset = tiff.read32(first.nextPointer), offset > 0 {
      kept = updateThumbnail(
        at: offset, pointer: first.nextPointer, for: photo, thumbnail: thumbnail)
    }
    var blanked = false
    for range in EmbeddedJPEG.ranges(in: tiff.bytes) where range.lowerBound != kept?.lowerBound {
      blank(range)
      blanked = true
    }
    if blanked { notes.append("preview in the camera's notes dropped") }
  }

  /// What is said of that.
  static let positionNote = "GPS position removed"

  /// Takes out where the photo was taken: the entry of the GPS directory, and all that it points to.
  mutating func removePosition() {
    guard let start = tiff.read32(4), let first = tiff.directory(at: start),
      let index = first.entries.firstIndex(where: { $0.tag == 0x8825 })
    else { return }
    let own = start..<first.nextPointer + 4
    if let offset = tiff.number(first.entries[index]), let gps = tiff.directory(at: offset) {
      for entry in gps.entries {
        if let values = tiff.values(entry), values.count > 4, values.lowerBound >= 8,
          !own.overlaps(values)
        {
          blank(values)
        }
      }
      let directory = offset..<gps.nextPointer + 4
      if !own.overlaps(directory) { blank(directory) }
    }
    // The entries behind, and the pointer to the next directory, close the gap.
    let gap = start + 2 + 12 * index
    tiff.bytes.replaceSubrange(
      gap..<first.nextPointer + 4,
      with: tiff.bytes[gap + 12..<first.nextPointer + 4] + [UInt8](repeating: 0, count: 12))
    let count = first.entries.count - 1
    tiff.bytes[start] = UInt8((tiff.isLittleEndian ? count : count >> 8) & 255)
    tiff.bytes[start + 1] = UInt8((tiff.isLittleEndian ? count >> 8 : count) & 255)
    notes.append(Self.positionNote)
  }

  /// TIFF data that tells an orientation and nothing else.
  static func only(_ orientation: Orientation) -> [UInt8] {
    [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0]
      + [UInt8(orientation.rawValue), 0, 0, 0, 0, 0, 0]
  }

  /// Handles the second directory, which describes the thumbnail; returns where a new one lies.
  private mutating func updateThumbnail(
    at offset: Int, pointer: Int, for photo: borrowing Photo, thumbnail: EncodingOptions.Thumbnail
  ) -> Range<Int>? {
    guard let directory = tiff.directory(at: offset) else { return nil }
    func entry(_ tag: Int) -> TIFFData.Entry? { directory.entries.first { $0.tag == tag } }
    func value(_ tag: Int) -> Int? { entry(tag).flatMap(tiff.number) }
    if let start = value(0x0201), let length = value(0x0202), start > 0, length > 0,
      start <= tiff.bytes.count, length <= tiff.bytes.count - start
    {
      let range = start..<start + length
      if thumbnail == .rebuild, let entry = entry(0x0202), entry.type == 4,
        let info = try? jpegInfo(Array(tiff.bytes[range])), info.width <= 1024, info.height <= 1024,
        let new = ExifThumbnail(of: photo, width: Int(info.width), height: Int(info.height))
          .jpeg(limit: length)
      {
        blank(range)
        tiff.bytes.replaceSubrange(start..<start + new.count, with: new)
        tiff.write32(new.count, at: entry.valueOffset)
        notes.append("thumbnail rebuilt")
        return start..<start + new.count
      }
      remove(range, behind: pointer)
    } else if let offsets = entry(0x0111).flatMap(tiff.numbers),
      let lengths = entry(0x0117).flatMap(tiff.numbers)
    {
      // Samples that are not compressed may lie in several strips. From the last to the first, so that those at
      // the block's end can all be cut off; of one that would go beyond it, what is there goes.
      for (start, length) in zip(offsets, lengths).sorted(by: { $0.0 > $1.0 })
      where start >= 8 && start < tiff.bytes.count {
        remove(start..<min(start + length, tiff.bytes.count), behind: pointer)
      }
    } else if entry(0x0111) == nil, entry(0x0201) == nil {
      return nil
    }
    tiff.write32(0, at: pointer)
    notes.append("thumbnail dropped")
    return nil
  }

  /// Overwrites a picture with zeros, so that every offset in the block still holds.
  private mutating func blank(_ range: Range<Int>) {
    for i in range { tiff.bytes[i] = 0 }
  }

  /// Takes a picture out: cut off at the block's end, else overwritten.
  private mutating func remove(_ range: Range<Int>, behind pointer: Int) {
    if range.upperBound == tiff.bytes.count, range.lowerBound >= pointer + 4 {
      tiff.bytes.removeSubrange(range)
    } else {
      blank(range)
    }
  }
}
