import Dispatch
import ImageCodecs
import Synchronization

/// Removes the same things from many photos, several at a time.
public struct Batch: Sendable {
  /// What there is to do.
  public var plan: BatchPlan
  /// What should go, and how.
  public var options: RemovalOptions
  /// The most photos worked on at a time.
  public var jobs: Int
  /// The most threads that work at a time, over all photos.
  public var threads: Int
  /// Whether photos that an earlier run has finished are passed over.
  public var resumes: Bool
  /// Whether outputs may be replaced.
  public var replaces: Bool
  /// Whether photos are only looked at, and nothing is written.
  public var isDry: Bool
  /// Whether reports carry small pictures.
  public var wantsPictures: Bool

  /// Makes a batch.
  public init(
    plan: BatchPlan, options: RemovalOptions, jobs: Int, threads: Int, resumes: Bool = false,
    replaces: Bool = false, isDry: Bool = false, wantsPictures: Bool = false
  ) {
    self.plan = plan
    self.options = options
    self.jobs = jobs
    self.threads = threads
    self.resumes = resumes
    self.replaces = replaces
    self.isDry = isDry
    self.wantsPictures = wantsPictures
  }

  /// Edits every photo; one that fails does not stop the others.
  ///
  /// - Parameter report: Called after each photo by the thread that has done it, so by several at a time.
  public func run(_ report: @Sendable (RemovalReport) -> Void) throws(EditingError) {
    if !isDry { try plan.makeFolder() }
    let journal = isDry ? nil : try BatchJournal(folder: plan.folder)
    let next = Atomic<Int>(0)
    let shares = Self.shares(of: threads, jobs: min(jobs, plan.items.count, processorCount))
    DispatchQueue.concurrentPerform(iterations: shares.count) { worker in
      let eraser = Eraser(threads: shares[worker])
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        if index >= plan.items.count { return }
        report(edit(plan.items[index], eraser, journal))
      }
    }
  }

  /// The threads of each photo that is worked on at a time; each photo has at least one, so that there are
  /// no more photos than threads.
  ///
  /// - Parameter jobs: The most photos; no more than processors, as no more would be begun at a time.
  static func shares(of threads: Int, jobs: Int) -> [Int] {
    let workers = max(1, min(threads, jobs))
    return (0..<workers).map { max(1, (threads + workers - 1 - $0) / workers) }
  }

  private func edit(_ item: BatchPlan.Item, _ eraser: Eraser, _ journal: BatchJournal?)
    -> RemovalReport
  {
    do {
      return try attempt(item, eraser, journal)
    } catch {
      return RemovalReport(input: item.input, failure: error)
    }
  }

  private func attempt(_ item: BatchPlan.Item, _ eraser: Eraser, _ journal: BatchJournal?)
    throws(EditingError) -> RemovalReport
  {
    if let defect = item.defect { throw .unreadable(name: item.input, reason: defect) }
    guard let input = FileSystem.status(item.input) else {
      throw .unreadable(name: item.input, reason: "it has gone since the batch began")
    }
    var replaces = replaces
    let options = fingerprint(item)
    if resumes, let journal, FileSystem.status(item.output) != nil {
      let entries = journal.entries(for: item.relative)
      switch try state(of: item, input: input, options: options, entries: entries) {
      case .complete:
        var report = RemovalReport(input: item.input, status: .skipped)
        report.output = item.output
        report.source = input
        report.peakMemoryBytes = peakMemoryBytes()
        if wantsPictures {
          report.pictures = (
            before: try reportPicture(ofFile: item.input),
            after: try reportPicture(ofFile: item.output)
          )
        }
        return report
      case .damaged: replaces = true
      case .other: break
      }
    }
    let missing = item.missingMask.map { "there is no mask \($0)" }
    // What else is selected is to go all the same: selections add up.
    if let missing, self.options.selection.isEmpty {
      throw .nothingMatched(name: item.input, detail: missing)
    }
    var request = RemovalRequest(input: item.input, output: nil, options: self.options)
    if !isDry {
      try FileSystem.makeFolder(PathName(item.output).folder)
      request.output = try OutputFile(item.output, replacing: replaces)
    }
    if let mask = item.mask { request.options.selection.masks = [mask] }
    request.wantsPictures = wantsPictures
    // Recorded first: a result without a record would be in the way of --resume, a record without its
    // result only means that the photo is done again.
    request.willPublish = { bytes throws(EditingError) in
      try journal?.record(
        item.relative,
        .init(
          inputSize: input.size, inputModified: input.modified.totalNanoseconds,
          options: options, outputSize: bytes.count, outputChecksum: checksum(bytes)))
    }
    var report = eraser.remove(request)
    if let missing { report.notes.insert(missing, at: 0) }
    return report
  }

  private enum State { case complete, damaged, other }

  /// What an output that exists already is: finished by an earlier run of the same batch, the remains
  /// of one, or a file that is not this batch's to replace, such as any that no run has recorded.
  private func state(
    of item: BatchPlan.Item, input: FileSystem.Status, options: UInt64,
    entries: [BatchJournal.Entry]
  ) throws(EditingError) -> State {
    if entries.isEmpty { return .other }
    let bytes = try FileSystem.read(item.output)
    let sum = checksum(bytes)
    let whole = entries.filter { $0.outputSize == bytes.count && $0.outputChecksum == sum }
    if !whole.isEmpty {
      let isSame = whole.contains {
        $0.inputSize == input.size && $0.inputModified == input.modified.totalNanoseconds
          && $0.options == options
      }
      return isSame ? .complete : .other
    }
    do {
      _ = try decodePhoto(bytes, name: item.output)
      return .other
    } catch {
      return .damaged
    }
  }

  /// A number for everything but the photo that decides what the output is.
  private func fingerprint(_ item: BatchPlan.Item) -> UInt64 {
    checksum(Array(recipe(item).utf8))
  }

  /// Everything but the photo that decides what the output is, the program too: after an update, a batch
  /// that goes on must not mix two networks' fills unnoticed.
  func recipe(_ item: BatchPlan.Item) -> String {
    var text = "\(Self.maker); \(options.selection.summary); grow \(options.grow ?? -1); "
    text += "feather \(options.feather ?? -1); quality \(options.quality ?? -1); "
    text += "seed \(options.seed)"
    if !options.keepsThumbnail { text += "; no thumbnail" }
    if options.strip != .nothing { text += "; strip \(options.strip.rawValue)" }
    if !options.marksHistory { text += "; no mark" }
    if options.keepsTime { text += "; keep time" }
    if let mask = item.mask, let name = item.relativeMask, let status = FileSystem.status(mask) {
      text += "; mask \(name) \(status.size) \(status.modified.totalNanoseconds)"
    }
    return text
  }

  /// The program and its networks, with their versions; no networks where they cannot be read, as no photo
  /// can be edited then.
  private static let maker: String = {
    let networks = (try? ModelCard.all()) ?? []
    return (["efface \(version)"] + networks.map(\.title)).joined(separator: "; ")
  }()
}

/// The processors that this machine offers.
public var processorCount: Int { max(1, onlineProcessors()) }
