/// Bytes that never change: a file inside the program, or a copy of one.
///
/// A network's weights are used where they lie, so the views into the bytes (`ReadOnlyArray`) keep
/// them alive.
@safe
public final class ReadOnlyBytes: @unchecked Sendable {
  private let storage: UnsafeRawBufferPointer
  private let isOwned: Bool

  /// Copies bytes to memory whose address is a multiple of 64.
  public init(copying bytes: Span<UInt8>) {
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(bytes.count, 1), alignment: 64)
    unsafe bytes.withUnsafeBytes { unsafe copy.copyMemory(from: $0) }
    unsafe storage = UnsafeRawBufferPointer(rebasing: copy[..<bytes.count])
    isOwned = true
  }

  /// Uses memory that lives and stays the same as long as the process.
  @unsafe
  public init(immortal bytes: UnsafeRawBufferPointer) {
    unsafe storage = bytes
    isOwned = false
  }

  deinit {
    if isOwned { unsafe storage.deallocate() }
  }

  /// The number of bytes.
  public var count: Int { unsafe storage.count }

  /// Whether the first byte's address is a multiple of `alignment`.
  public func isAligned(to alignment: Int) -> Bool {
    unsafe Int(bitPattern: storage.baseAddress) % alignment == 0
  }

  /// All the bytes.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(RawSpan(_unsafeBytes: storage), borrowing: self) }
  }

  fileprivate var baseAddress: UnsafeRawPointer? { unsafe storage.baseAddress }
}

/// Elements in place inside `ReadOnlyBytes`.
@safe
public struct ReadOnlyArray<Element: BitwiseCopyable>: @unchecked Sendable {
  /// The number of elements.
  public let count: Int

  private let owner: ReadOnlyBytes
  private let start: UnsafePointer<Element>

  /// The elements that start at a byte offset, or `nil` where they do not lie inside the bytes or at
  /// an address that suits their alignment.
  public init?(_ bytes: ReadOnlyBytes, offset: Int, count: Int) {
    let stride = MemoryLayout<Element>.stride
    guard offset >= 0, count >= 0, count <= bytes.count / stride,
      offset <= bytes.count - count * stride, let base = unsafe bytes.baseAddress,
      Int(bitPattern: unsafe base + offset) % MemoryLayout<Element>.alignment == 0
    else { return nil }
    self.count = count
    owner = bytes
    unsafe start = (base + offset).assumingMemoryBound(to: Element.self)
  }

  /// Copies elements to memory of their own.
  public init(_ elements: [Element]) {
    let bytes = unsafe elements.withUnsafeBytes { raw in
      unsafe ReadOnlyBytes(copying: Span(_unsafeElements: raw.bindMemory(to: UInt8.self)))
    }
    count = elements.count
    owner = bytes
    // An empty array of bytes still has an address: one byte is allocated.
    unsafe start = bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Element.self)
  }

  /// The element at a position.
  public subscript(position: Int) -> Element {
    precondition(position >= 0 && position < count, "position outside the array")
    return unsafe start[position]
  }

  /// The elements.
  public var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(
        Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count)), borrowing: self)
    }
  }

  /// The elements' memory: valid as long as this array or another view of the same bytes lives.
  @unsafe
  public var baseAddress: UnsafePointer<Element> { unsafe start }
}
