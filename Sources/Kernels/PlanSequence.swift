import CKernels
import Dispatch
import Synchronization

/// Plans that run one after the other, each on several threads.
///
/// Threads are woken once a run, not once a plan: all of them walk through the plans together. Each has
/// its share of every plan's pieces, the same part of the picture in each plan, so that it mostly reads
/// what it wrote itself; one that is done early takes pieces of the others' shares. Then it waits
/// (spinning, later yielding) until the plan's last piece is done. A thread that comes late, or never,
/// costs nothing but its help. No lock is taken and nothing is allocated.
@safe
public final class PlanSequence: @unchecked Sendable {
  /// What one thread's share of one plan has come to.
  private struct Progress: ~Copyable {
    /// Pieces of this share that somebody took.
    let taken = Atomic<Int>(0)
    /// Pieces of any share that this thread has done.
    let done = Atomic<Int>(0)
  }

  private let plans: [any QuantizedPlan]
  private let pieces: [Pieces]
  /// For each thread, all plans: threads' counters lie apart, so that they seldom wait for each other's.
  private let progress: UnsafeMutablePointer<Progress>
  private let threads: Int

  /// Settles a sequence for up to `threads` threads, the calling one among them.
  public init(_ plans: [any QuantizedPlan], threads: Int) {
    self.plans = plans
    pieces = plans.map { Pieces(of: $0, threads: threads) }
    // Where nothing is worth sharing, nobody is woken.
    let threads = pieces.contains { $0.count > 1 } ? max(threads, 1) : 1
    self.threads = threads
    unsafe progress = .allocate(capacity: max(plans.count * threads, 1))
    for index in 0..<plans.count * threads {
      unsafe (progress + index).initialize(to: Progress())
    }
  }

  deinit {
    unsafe progress.deinitialize(count: plans.count * threads)
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
    for index in 0..<plans.count * threads {
      unsafe progress[index].taken.store(0, ordering: .relaxed)
      unsafe progress[index].done.store(0, ordering: .relaxed)
    }
    DispatchQueue.concurrentPerform(iterations: threads) { walk(thread: $0) }
  }

  private func walk(thread: Int) {
    for index in plans.indices {
      let (plan, parts) = (plans[index], pieces[index])
      for step in 0..<threads {
        let owner = (thread + step) % threads
        let share = parts.count * owner / threads..<parts.count * (owner + 1) / threads
        let progress = unsafe self.progress + plans.count * owner + index
        // Looking first leaves the counter with its owner where nothing is left.
        while unsafe progress.pointee.taken.load(ordering: .relaxed) < share.count {
          let taken = unsafe progress.pointee.taken.wrappingAdd(1, ordering: .relaxed).oldValue
          if taken >= share.count { break }
          parts.run(plan, piece: share.lowerBound + taken)
          let own = unsafe self.progress + plans.count * thread + index
          unsafe own.pointee.done.wrappingAdd(1, ordering: .releasing)
        }
      }
      var spins = 0
      while done(index) < parts.count {
        spins += 1
        // The other thread may have lost its core: let it have this one.
        efk_pause(spins > 4000)
      }
    }
  }

  /// Pieces of a plan that are done.
  private func done(_ index: Int) -> Int {
    var sum = 0
    for thread in 0..<threads {
      sum += unsafe progress[plans.count * thread + index].done.load(ordering: .acquiring)
    }
    return sum
  }
}
