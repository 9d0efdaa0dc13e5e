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
  public func run(threads: Int) {
    let pieces = Pieces(of: self, threads: threads)
    guard pieces.count > 1 else {
      run()
      return
    }
    DispatchQueue.concurrentPerform(iterations: pieces.count) { pieces.run(self, piece: $0) }
  }
}

/// How a plan's output is cut among threads.
///
/// Into bands of rows, or, where the picture is low, groups of 16-channel blocks. Small work stays
/// whole, because handing it over costs more.
struct Pieces: Hashable, Sendable {
  let count: Int
  private let bandHeight: Int?

  init(of plan: some QuantizedPlan, threads: Int) {
    // A piece takes some microseconds; a few more pieces than threads even out their speeds.
    let wanted = min(4 * threads, plan.work / 20_000)
    guard threads > 1, wanted > 1 else {
      (count, bandHeight) = (1, nil)
      return
    }
    // Bands in fours, because kernels' tiles have up to four rows.
    let height = ((plan.rows + wanted - 1) / wanted + 3) / 4 * 4
    let bands = (plan.rows + height - 1) / height
    if bands >= min(threads, wanted) || bands >= plan.blocks {
      (count, bandHeight) = (bands, height)
    } else {
      (count, bandHeight) = (min(wanted, plan.blocks), nil)
    }
  }

  func run(_ plan: any QuantizedPlan, piece: Int) {
    if let bandHeight {
      let start = piece * bandHeight
      plan.run(rows: start..<min(start + bandHeight, plan.rows), blocks: 0..<plan.blocks)
    } else {
      let range = plan.blocks * piece / count..<plan.blocks * (piece + 1) / count
      plan.run(rows: 0..<plan.rows, blocks: range)
    }
  }
}
