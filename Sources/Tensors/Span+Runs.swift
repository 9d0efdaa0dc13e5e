extension Span where Element == UInt8 {
  /// The first position of a range whose byte is not 0, or the range's end.
  ///
  /// - Precondition: The range is within the span.
  /// - Complexity: Zeros are passed 32 at a time.
  public func firstSet(in range: Range<Int>) -> Int {
    first(in: range) {
      $0 | $1 | $2 | $3 == 0
    } isWanted: {
      $0 != 0
    }
  }

  /// The last position of a range whose byte is not 0, or `nil` where there is none.
  ///
  /// - Precondition: The range is within the span.
  /// - Complexity: Zeros are passed eight at a time.
  public func lastSet(in range: Range<Int>) -> Int? {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "positions within the span")
    return unsafe withUnsafeBytes { bytes in
      var end = range.upperBound
      while end - 8 >= range.lowerBound,
        unsafe bytes.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0
      { end -= 8 }
      while end > range.lowerBound {
        if unsafe bytes[end - 1] != 0 { return end - 1 }
        end -= 1
      }
      return nil
    }
  }

  /// The first position of a range whose byte is 0, or the range's end.
  ///
  /// - Precondition: The range is within the span.
  /// - Complexity: Other bytes are passed 32 at a time.
  public func firstClear(in range: Range<Int>) -> Int {
    // A byte is 0 where taking 1 from it borrows and its highest bit was not set.
    func hasClear(_ word: UInt64) -> UInt64 {
      (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }
    return first(in: range) {
      hasClear($0) | hasClear($1) | hasClear($2) | hasClear($3) == 0
    } isWanted: {
      $0 == 0
    }
  }

  /// Passes what `isPassed` says of four words, then looks at single bytes.
  @inline(__always)
  private func first(
    in range: Range<Int>, isPassed: (UInt64, UInt64, UInt64, UInt64) -> Bool,
    isWanted: (UInt8) -> Bool
  ) -> Int {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "positions within the span")
    return unsafe withUnsafeBytes { bytes in
      var position = range.lowerBound
      while position < range.upperBound {
        if position + 32 <= range.upperBound {
          let words = unsafe (
            bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: position + 16, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: position + 24, as: UInt64.self)
          )
          if isPassed(words.0, words.1, words.2, words.3) {
            position += 32
            continue
          }
        }
        // One of the next 32 bytes, or the range ends.
        let end = Swift.min(position + 32, range.upperBound)
        while position < end {
          if isWanted(unsafe bytes[position]) { return position }
          position += 1
        }
      }
      return range.upperBound
    }
  }
}
