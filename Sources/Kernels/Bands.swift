import Dispatch
import Synchronization
public import Tensors

/// Runs `body` once for every number below `count`, on at most `threads` threads at a time.
///
/// The work must not depend on the order: each number writes only what is its own. The calling
/// thread takes part, and the call returns when all is done.
///
/// - Complexity: Forking costs about half a microsecond; give each number at least tens of
///   microseconds of work.
public func inBands(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
  let workers = min(threads, count)
  if workers <= 1 {
    for band in 0..<count { body(band) }
    return
  }
  // Each thread takes the next band when it has done one: bands differ in cost, and threads may start
  // late.
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: workers) { _ in
    while true {
      let band = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if band >= count { return }
      body(band)
    }
  }
}

/// Runs `body` for bands of `height` rows (the last may have fewer) that make up `count`, on at most
/// `threads` threads at a time.
public func inRows(
  _ count: Int, height: Int = 32, threads: Int, _ body: @Sendable (Range<Int>) -> Void
) {
  inBands((count + height - 1) / height, threads: threads) { band in
    body(band * height..<min(count, (band + 1) * height))
  }
}

/// A part of an image: some of its rows and some of its columns.
public struct ImageRegion: Equatable, Hashable, Sendable {
  /// The rows covered.
  public var rows: Range<Int>
  /// The columns covered.
  public var columns: Range<Int>

  /// Makes a region from its rows and columns.
  public init(rows: Range<Int>, columns: Range<Int>) {
    self.rows = rows
    self.columns = columns
  }

  /// All of an image.
  public init<Element>(of image: borrowing Tensor<Element>) {
    self.init(rows: 0..<image.height, columns: 0..<image.width)
  }

  /// Rows covered.
  public var height: Int { rows.count }
  /// Columns covered.
  public var width: Int { columns.count }
  /// Whether no pixel is covered.
  public var isEmpty: Bool { rows.isEmpty || columns.isEmpty }

  /// The region grown by some pixels on every side, within an image of the given size.
  public func grown(by pixels: Int, height: Int, width: Int) -> ImageRegion {
    ImageRegion(
      rows: max(0, rows.lowerBound - pixels)..<min(height, rows.upperBound + pixels),
      columns: max(0, columns.lowerBound - pixels)..<min(width, columns.upperBound + pixels))
  }
}
