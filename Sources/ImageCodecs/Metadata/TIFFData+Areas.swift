extension TIFFData {
  /// What is in use, as far as the standard's directories tell.
  struct Areas {
    /// Where the header and the directories lie.
    var directories: [Range<Int>] = [0..<8]
    /// Where the values lie that have no room in their entries.
    var values: [Range<Int>] = []

    /// Whether a range is nobody's.
    func leaveFree(_ range: Range<Int>) -> Bool {
      !directories.contains { $0.overlaps(range) } && !values.contains { $0.overlaps(range) }
    }

    /// Where those of many ranges are that are nobody's, in order and without overlaps.
    func free(among ranges: [Range<Int>]) -> [Range<Int>] {
      let used = (directories + values).union
      return ranges.filter { range in
        // The first that ends behind the range's start.
        var (low, high) = (0, used.count)
        while low < high {
          let middle = (low + high) / 2
          if used[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low == used.count || !used[low].overlaps(range)
      }.union
    }
  }

  /// Entries that hold the offsets of directories: SubIFDs, Exif, GPS and Interop.
  private static let pointers: Set = [0x014A, 0x8769, 0x8825, 0xA005]

  /// Finds what is in use.
  var areas: Areas {
    var areas = Areas()
    var offsets = [read32(4) ?? 0]
    var next = 0
    // Photos have about five; hostile data could lay thousands of long ones over each other.
    while next < min(offsets.count, 32) {
      let offset = offsets[next]
      next += 1
      // What a wrong offset leads to has hardly an entry of a type that exists.
      guard !offsets.prefix(next - 1).contains(offset), let directory = directory(at: offset),
        directory.entries.contains(where: { Self.sizes[$0.type] != nil })
      else { continue }
      for entry in directory.entries {
        if let values = values(entry), values.lowerBound != entry.valueOffset {
          areas.values.append(values)
        }
        if Self.pointers.contains(entry.tag), entry.count <= 32, offsets.count < 32 {
          offsets += numbers(entry) ?? []
        }
      }
      // Writers that leave out the offset of the next directory put other data in its place.
      let following = directory.nextPointer.flatMap(read32) ?? 0
      let hasNext = self.directory(at: following) != nil
      if hasNext { offsets.append(following) }
      let own = directory.range
      areas.directories.append(hasNext ? own : own.prefix(2 + 12 * directory.entries.count))
    }
    return areas
  }
}

extension [Range<Int>] {
  /// The same places in order, as one where ranges overlap or touch.
  var union: [Range<Int>] {
    var union: [Range<Int>] = []
    for range in sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      if let last = union.last, range.lowerBound <= last.upperBound {
        union[union.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
      } else {
        union.append(range)
      }
    }
    return union
  }
}
