import Tensors
import Testing

@Suite struct ArenaTests {
  @Test(arguments: [0, 1, 64, 4096, (1 << 20) + 1, 5 << 20])
  func startsAsZerosAndKeepsWhatIsWritten(byteCount: Int) {
    let arena = Arena(byteCount: byteCount)
    #expect(arena.byteCount == byteCount)
    unsafe arena.withUnsafeElements(of: UInt8.self, at: 0, count: byteCount) { bytes in
      let isZero = unsafe bytes.allSatisfy { $0 == 0 }
      #expect(isZero)
      if byteCount > 0 { unsafe bytes[byteCount - 1] = 7 }
    }
    if byteCount > 0 {
      let last = unsafe arena.withUnsafeElements(of: UInt8.self, at: byteCount - 1, count: 1) {
        unsafe $0[0]
      }
      #expect(last == 7)
    }
  }

  @Test func isAligned() {
    let arena = Arena(byteCount: 100)
    unsafe arena.withUnsafeElements(of: Float.self, at: 0, count: 25) {
      let address = Int(bitPattern: $0.baseAddress)
      #expect(address % 64 == 0)
    }
  }
}

@Suite struct ReadOnlyBytesTests {
  @Test func givesElementsInPlaceOrNothing() {
    let source: [UInt8] = [1, 0, 0, 0, 2, 0, 0, 0]
    let bytes = ReadOnlyBytes(copying: source.span)
    #expect(bytes.count == 8 && bytes.isAligned(to: 64))
    let words = ReadOnlyArray<UInt32>(bytes, offset: 0, count: 2)
    #expect(words?[0] == 1 && words?[1] == 2)
    #expect(ReadOnlyArray<UInt32>(bytes, offset: 4, count: 1)?[0] == 2)
    #expect(ReadOnlyArray<UInt32>(bytes, offset: 4, count: 2) == nil, "behind the end")
    #expect(ReadOnlyArray<UInt32>(bytes, offset: 2, count: 1) == nil, "not aligned")
    #expect(ReadOnlyArray<UInt32>(bytes, offset: -4, count: 1) == nil, "before the start")
    #expect(ReadOnlyArray<UInt32>(bytes, offset: 0, count: .max) == nil, "too many to count")
    #expect(ReadOnlyArray<UInt32>(bytes, offset: .max, count: 1) == nil, "too far to reach")
  }

  @Test func keepsItsBytesAlive() {
    func view() -> ReadOnlyArray<UInt16> { ReadOnlyArray([3, 5, 8]) }
    let kept = view()
    #expect(kept.count == 3 && kept.span[2] == 8)
    #expect(ReadOnlyArray([Int8]()).count == 0)
  }
}
