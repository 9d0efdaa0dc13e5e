#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory for values that come in bulk.
///
/// First touch of memory costs more than most operations on it. On Linux, large blocks are offered to the
/// kernel as huge pages, which makes that seven times cheaper.
enum Block {
  /// Bytes of a huge page.
  private static let hugePage = 2 << 20

  /// Uninitialized memory, to be freed with `deallocate()`; its address is a multiple of 64.
  static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    guard byteCount >= hugePage else {
      return .allocate(byteCount: max(byteCount, 1), alignment: 64)
    }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: hugePage)
    #if canImport(Glibc) || canImport(Musl)
      // Whole huge pages only, or the last one would cost more memory than it has use for. Advice: where
      // the kernel declines, the pages are small and all else is the same.
      unsafe _ = madvise(memory, byteCount / hugePage * hugePage, 14 /* MADV_HUGEPAGE */)
    #endif
    return unsafe memory
  }
}
