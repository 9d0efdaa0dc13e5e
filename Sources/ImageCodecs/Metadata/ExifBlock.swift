internal import CImageCodecs
internal import Photos

/// An EXIF block whose small copies of the picture follow the edit.
struct ExifBlock {
  /// The TIFF data.
  private(set) var tiff: TIFFData
  /// What was done, one phrase each.
  private(set) var notes: [String] = []

  /// The data after an edit, nil when they have to go, and what was done to them.
  static func updated(
    _ bytes: some Collection<UInt8>, for photo: borrowing Photo, _ options: EncodingOptions
  ) -> (bytes: [UInt8]?, notes: [String]) {
    if bytes.isEmpty { return ([], []) }
    var block = ExifBlock(bytes)
    // First the position: the thumbnail's directory may tell it, and is out of reach when it is dropped.
    if options.strip == .gps, block?.removePosition() != true {
      // Without its orientation the picture would turn.
      return (
        block?.tiff.orientation.map(only), ["EXIF removed: it may hold a GPS position"]
      )
    }
    block?.update(for: photo, thumbnail: options.thumbnail)
    return (block?.bytes ?? Array(bytes), block?.notes ?? [])
  }

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
    if let pointer = tiff.first?.nextPointer, let offset = tiff.read32(pointer), offset > 0 {
      kept = updateThumbnail(at: offset, pointer: pointer, for: photo, thumbnail: thumbnail)
    }
    var blanked = false
    let areas = tiff.areas
    let own = areas.directories + areas.values + [kept].compactMap(\.self)
    for range in EmbeddedJPEG.ranges(in: tiff.bytes, among: own)
    where range.lowerBound != kept?.lowerBound
      && !areas.directories.contains(where: { $0.overlaps(range) })
    {
      blank(range)
      blanked = true
    }
    if blanked { notes.append("preview in the camera's notes dropped") }
  }

  /// What is said when a position was taken out.
  static let positionNote = "GPS position removed"

  /// Takes out where the photo was taken: the entry of the GPS directory, and all that it points to.
  ///
  /// - Returns: False, and nothing is changed, when there may be a position that cannot be found.
  mutating func removePosition() -> Bool {
    guard let start = tiff.read32(4), let first = tiff.directory(at: start) else { return false }
    // It belongs in the first directory, but readers take it from the thumbnail's and the camera's, too.
    let others = [
      first.nextPointer.flatMap(tiff.read32),
      first.entries.first { $0.tag == 0x8769 }.flatMap(tiff.number),
    ]
    let places = ([start] + others.compactMap(\.self)).flatMap { start in
      (tiff.directory(at: start)?.entries ?? []).enumerated()
        .filter { $0.element.tag == 0x8825 }.map { (start: start, index: $0.offset) }
    }
    guard let place = places.first else { return true }
    // The standard knows 32 fields of a position.
    guard places.count == 1, let own = tiff.directory(at: place.start),
      let offset = tiff.number(own.entries[place.index]), let gps = tiff.directory(at: offset),
      gps.entries.count <= 64
    else { return false }
    let values = gps.entries.map(tiff.values)
    if values.contains(nil) { return false }
    // Not what comes behind the entries: it tells no position, and writers that leave it out put other data there.
    let entries = gps.range.prefix(2 + 12 * gps.entries.count)
    for range in values.compactMap(\.self) + [entries] {
      // Offsets that make no sense must not destroy the directory that stays.
      for i in range where i >= 8 && !own.range.contains(i) { tiff.bytes[i] = 0 }
    }
    remove(place.index, from: own)
    notes.append(
      gps.entries.contains { $0.tag != 0 } ? Self.positionNote : "empty GPS directory removed")
    return true
  }

  /// Takes an entry out of a directory: those behind, and the offset of the next one, close the gap.
  private mutating func remove(_ index: Int, from directory: TIFFData.Directory) {
    let (start, end) = (directory.range.lowerBound, directory.range.upperBound)
    let gap = start + 2 + 12 * index
    tiff.bytes.replaceSubrange(
      gap..<end, with: tiff.bytes[gap + 12..<end] + [UInt8](repeating: 0, count: 12))
    let count = directory.entries.count - 1
    tiff.bytes[start] = UInt8((tiff.isLittleEndian ? count : count >> 8) & 255)
    tiff.bytes[start + 1] = UInt8((tiff.isLittleEndian ? count >> 8 : count) & 255)
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
    let areas = tiff.areas
    func entry(_ tag: Int) -> TIFFData.Entry? { directory.entries.first { $0.tag == tag } }
    func value(_ tag: Int) -> Int? { entry(tag).flatMap(tiff.number) }
    if let start = value(0x0201), let length = value(0x0202), start > 0, length > 0,
      start <= tiff.bytes.count, length <= tiff.bytes.count - start
    {
      let range = start..<start + length
      // A wrong offset may lead anywhere: what is in use, or is no picture, is not the thumbnail.
      if areas.leaveFree(range), tiff.bytes[range].starts(with: [0xFF, 0xD8]) {
        if thumbnail == .rebuild, let entry = entry(0x0202), entry.type == 4,
          let info = try? jpegInfo(Array(tiff.bytes[range])), info.width <= 1024,
          info.height <= 1024,
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
      }
    } else if let offsets = entry(0x0111).flatMap(tiff.numbers),
      let lengths = entry(0x0117).flatMap(tiff.numbers)
    {
      // Samples that are not compressed may lie in several strips; of one that would go beyond the block's end,
      // what is there goes. Hostile data could lay thousands of long ones over each other.
      let strips = zip(offsets, lengths).filter { $0.0 >= 8 && $0.0 < tiff.bytes.count }
        .map { $0.0..<min($0.0 + $0.1, tiff.bytes.count) }
      // From the last to the first, so that those at the block's end can all be cut off.
      for range in areas.free(among: strips).reversed() { remove(range, behind: pointer) }
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
