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
}

/// How a plan's output is cut among threads.
///
/// Into bands of rows, and where there are too few rows, also into groups of 16-channel blocks. Small
/// work stays whole, because handing it over costs more.
struct Pieces: Hashable, Sendable {
  private let bands: Int
  private let groups: Int

  var count: Int { bands * groups }

  init(of plan: some QuantizedPlan, threads: Int) {
    // A piece takes at least two microseconds; a few more pieces than threads even out their speeds.
    let wanted = min(4 * threads, plan.work / 8_000)
    guard threads > 1, wanted > 1 else {
      (bands, groups) = (1, 1)
      return
    }
    // Kernels' tiles have up to four rows. As many bands for each thread, or one would wait.
    let most = max(1, min(wanted, plan.rows / 4))
    bands = most > threads ? most / threads * threads : most
    groups = max(1, min(plan.blocks, min(threads, wanted) / bands))
  }

  func run(_ plan: any QuantizedPlan, piece: Int) {
    let (band, group) = piece.quotientAndRemainder(dividingBy: groups)
    // Even bounds, because the commonest tile has two rows.
    func bound(_ band: Int) -> Int { band == bands ? plan.rows : plan.rows * band / bands / 2 * 2 }
    plan.run(
      rows: bound(band)..<bound(band + 1),
      blocks: plan.blocks * group / groups..<plan.blocks * (group + 1) / groups)
  }
}
