/// One block of memory that many short-lived values share, made once and used again and again.
///
/// First touch of memory costs more than most operations on it, so a network's values take their
/// places inside one arena, and the arena outlives the run. The memory starts as zeros.
///
/// Do not use it for a picture that is handed on: that is a `Tensor`.
@safe
public final class Arena: @unchecked Sendable {
  /// Bytes in the block.
  public let byteCount: Int

  private let storage: UnsafeMutableRawBufferPointer

  /// Makes a block of zeros.
  ///
  /// - Precondition: `byteCount` is not negative.
  public init(byteCount: Int) {
    precondition(byteCount >= 0, "an arena's size is not negative")
    self.byteCount = byteCount
    // A whole huge page, where one is worth it: the kernel gives no part of one.
    let unit = byteCount >= 1 << 20 ? 2 << 20 : 64
    let size = max((byteCount + unit - 1) / unit * unit, unit)
    unsafe storage = UnsafeMutableRawBufferPointer(
      start: Block.allocate(byteCount: size), count: size)
    unsafe _ = storage.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit {
    unsafe storage.deallocate()
  }

  /// Calls `body` with the memory of `count` elements that start at a byte offset.
  ///
  /// Two callers may hold the same memory at once: who writes what, and when, is theirs to order.
  ///
  /// - Precondition: The elements lie inside the arena, and the offset suits their alignment.
  public func withUnsafeElements<Element: BitwiseCopyable, Result: ~Copyable, Failure: Error>(
    of type: Element.Type, at offset: Int, count: Int,
    _ body: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let stride = MemoryLayout<Element>.stride
    precondition(
      offset >= 0 && count >= 0 && count <= byteCount / stride
        && offset <= byteCount - count * stride && offset % MemoryLayout<Element>.alignment == 0,
      "elements outside the arena")
    let start = unsafe storage.baseAddress.unsafelyUnwrapped + offset
    return try unsafe body(
      UnsafeMutableBufferPointer(start: start.assumingMemoryBound(to: type), count: count))
  }
}
