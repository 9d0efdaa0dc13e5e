/// A dense image-shaped array: height × width × channels, row-major, channels interleaved.
///
/// The tensor owns one 64-byte-aligned block of memory and frees it when it goes. It cannot be copied
/// by accident: pass it `borrowing`, or make a `copy()` where two are meant. Do not use it for a handful
/// of numbers (an `Array` is cheaper) or for scratch memory inside a network (an `Arena` is reused).
@safe
public struct Tensor<Element: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// Values a position.
  public let channels: Int

  @usableFromInline let storage: UnsafeMutableBufferPointer<Element>

  /// Makes a tensor whose contents are set to `value`.
  ///
  /// - Precondition: No side is negative.
  public init(height: Int, width: Int, channels: Int = 1, repeating value: Element) {
    self.init(uninitializedHeight: height, width: width, channels: channels)
    unsafe storage.initialize(repeating: value)
  }

  /// Makes a tensor whose contents are whatever the memory held: write every element before reading.
  public init(uninitializedHeight height: Int, width: Int, channels: Int = 1) {
    precondition(height >= 0 && width >= 0 && channels >= 0, "a tensor's sides are not negative")
    let (rows, overflow1) = height.multipliedReportingOverflow(by: width)
    let (count, overflow2) = rows.multipliedReportingOverflow(by: channels)
    let (_, overflow3) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    precondition(!overflow1 && !overflow2 && !overflow3, "the tensor is too large to address")
    self.height = height
    self.width = width
    self.channels = channels
    let raw = unsafe Block.allocate(byteCount: count * MemoryLayout<Element>.stride)
    unsafe storage = UnsafeMutableBufferPointer(
      start: raw.bindMemory(to: Element.self, capacity: count), count: count)
  }

  deinit {
    unsafe storage.baseAddress.map { unsafe UnsafeMutableRawPointer($0).deallocate() }
  }

  /// The number of elements: height · width · channels.
  public var count: Int { height * width * channels }

  /// Elements from one row to the next.
  public var rowStride: Int { width * channels }

  /// The elements, to read.
  public var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(Span(_unsafeElements: storage), borrowing: self)
    }
  }

  /// The elements, to write.
  public var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      unsafe _overrideLifetime(MutableSpan(_unsafeElements: storage), mutating: &self)
    }
  }

  /// The elements' memory, to read: `count` elements from here on.
  ///
  /// The caller must guarantee that the tensor outlives every use of the pointer, and that no one writes
  /// an element at the same time. What a stored property of `self`, or a parameter that is borrowed or
  /// `inout`, holds lives through the whole call unless it is replaced. A local tensor may be freed right
  /// after its last mention, whatever is still done with its pointer: mention it once more after that,
  /// with `extendLifetime` where nothing else does.
  @inlinable
  @unsafe
  public var pointer: UnsafePointer<Element> {
    // Never nil: even an empty tensor owns a block.
    unsafe UnsafePointer(storage.baseAddress.unsafelyUnwrapped)
  }

  /// The elements' memory, to write: `count` elements from here on.
  ///
  /// The caller must guarantee that the tensor outlives every use of the pointer, as for `pointer`, and
  /// that no one else reads or writes an element at the same time: the exclusive access to the tensor
  /// ends with this property, and does not last as long as the pointer is used.
  @inlinable
  @unsafe
  public var mutablePointer: UnsafeMutablePointer<Element> {
    mutating get { unsafe storage.baseAddress.unsafelyUnwrapped }
  }

  /// The element at a row, a column and a channel.
  ///
  /// Convenient, and checked: not for inner loops.
  @inlinable
  public subscript(row: Int, column: Int, channel: Int = 0) -> Element {
    get { unsafe storage[offset(row, column, channel)] }
    set { unsafe storage[offset(row, column, channel)] = newValue }
  }

  @inlinable
  func offset(_ row: Int, _ column: Int, _ channel: Int) -> Int {
    precondition(
      row >= 0 && row < height && column >= 0 && column < width && channel >= 0
        && channel < channels, "position outside the tensor")
    return (row * width + column) * channels + channel
  }

  /// A second tensor with the same contents.
  public func copy() -> Tensor {
    let other = Tensor(uninitializedHeight: height, width: width, channels: channels)
    _ = unsafe other.storage.initialize(fromContentsOf: storage)
    return other
  }

  /// Some of the rows, as a tensor of their own.
  ///
  /// - Precondition: The rows lie within the tensor.
  public func rows(_ rows: Range<Int>) -> Tensor {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= height, "rows outside the tensor")
    let part = Tensor(uninitializedHeight: rows.count, width: width, channels: channels)
    let elements = rows.lowerBound * rowStride..<rows.upperBound * rowStride
    _ = unsafe part.storage.initialize(fromContentsOf: storage[elements])
    return part
  }

  /// Calls `body` with the elements' memory.
  public borrowing func withUnsafeBufferPointer<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(UnsafeBufferPointer(storage))
  }

  /// Calls `body` with the elements' memory, to write.
  public mutating func withUnsafeMutableBufferPointer<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(storage)
  }
}
