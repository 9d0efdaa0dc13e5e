import CKernels
import Dispatch
import Synchronization

/// Plans that run one after the other, each on several threads.
///
/// Threads are woken once a run, not once a plan: all of them walk through the plans, take pieces of the
/// current one as long as there are any, and wait (spinning, then yielding) until its last piece is done. A
/// thread that comes late, or never, costs nothing but its help. No lock is taken and nothing is
/// allocated.
@safe
public final class PlanSequence: @unchecked Sendable {
  /// Pieces of a plan: how many are taken, and how many are done.
  private struct Progress: ~Copyable {
    let taken = Atomic<Int>(0)
    let done = Atomic<Int>(0)
  }

  private let plans: [any QuantizedPlan]
  private let pieces: [Pieces]
  private let progress: UnsafeMutablePointer<Progress>
  private let threads: Int

  /// Settles a sequence for up to `threads` threads, the calling one among them.
  public init(_ plans: [any QuantizedPlan], threads: Int) {
    self.plans = plans
    pieces = plans.map { Pieces(of: $0, threads: threads) }
    // Where nothing is worth sharing, nobody is woken.
    self.threads = pieces.contains { $0.count > 1 } ? max(threads, 1) : 1
    unsafe progress = .allocate(capacity: max(plans.count, 1))
    for index in plans.indices { unsafe (progress + index).initialize(to: Progress()) }
  }

  deinit {
    unsafe progress.deinitialize(count: plans.count)
    unsafe progress.deallocate()
  }

  /// Runs every plan.
  ///
  /// A sequence is not to be run by two callers at once.
  public func run() {
    guard threads > 1 else {
      for plan in plans { plan.run() }
      return
    }
    for index in plans.indices {
      unsafe progress[index].taken.store(0, ordering: .relaxed)
      unsafe progress[index].done.store(0, ordering: .relaxed)
    }
    DispatchQueue.concurrentPerform(iterations: threads) { _ in walk() }
  }

  private func walk() {
    for index in plans.indices {
      let (plan, parts) = (plans[index], pieces[index])
      while true {
        let piece = unsafe progress[index].taken.wrappingAdd(1, ordering: .relaxed).oldValue
        if piece >= parts.count { break }
        parts.run(plan, piece: piece)
        unsafe progress[index].done.wrappingAdd(1, ordering: .releasing)
      }
      var spins = 0
      while unsafe progress[index].done.load(ordering: .acquiring) < parts.count {
        spins += 1
        // The other thread may have lost its core: let it have this one.
        efk_pause(spins > 4000)
      }
    }
  }
}
