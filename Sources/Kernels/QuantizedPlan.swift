import Dispatch

/// One operation of a network, ready to run: addresses, strides and tables are settled.
///
/// Running a plan allocates nothing. Its output rows and 16-channel blocks may be made in any order and
/// on any thread.
public protocol QuantizedPlan: AnyObject, Sendable {
  /// Output rows.
  var rows: Int { get }
  /// Output blocks of 16 channels.
  var blocks: Int { get }
  /// Roughly how many multiplications of 16 by 4 values one run takes: what decides the split.
  var work: Int { get }
  /// Whether blocks may be made apart; otherwise a call makes all of them.
  var splitsBlocks: Bool { get }

  /// Makes some output rows of some blocks, and returns the instruction set that ran.
  @discardableResult
  func run(rows: Range<Int>, blocks: Range<Int>) -> InstructionSet
}

extension QuantizedPlan {
  /// Makes the whole output on the calling thread.
  @discardableResult
  public func run() -> InstructionSet {
    run(rows: 0..<rows, blocks: 0..<blocks)
  }

  /// Makes the whole output on up to `threads` threads, the calling one among them.
  ///
  /// The picture is cut into bands of rows, or, where it is low, into groups of channels; small work
  /// stays on the calling thread, because waking another costs more.
  public func run(threads: Int) {
    guard threads > 1, work >= 60_000 else {
      run()
      return
    }
    if rows >= 8 * threads || !splitsBlocks || blocks < threads {
      let bands = min(rows >= 16 * threads ? 2 * threads : threads, max(rows, 1))
      DispatchQueue.concurrentPerform(iterations: bands) { band in
        run(rows: rows * band / bands..<rows * (band + 1) / bands, blocks: 0..<blocks)
      }
    } else {
      let groups = min(2 * threads, blocks)
      DispatchQueue.concurrentPerform(iterations: groups) { group in
        run(
          rows: 0..<rows, blocks: blocks * group / groups..<blocks * (group + 1) / groups)
      }
    }
  }
}
