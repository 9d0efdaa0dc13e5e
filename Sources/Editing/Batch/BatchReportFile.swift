/// The file with the report of a batch, written as the batch goes, by one thread at a time.
public final class BatchReportFile {
  private let replaces: Bool
  private let file: TemporaryFile
  private var page: BatchReport
  /// What all photos that are shown permit; `nil` while none is.
  private var shown: FileSystem.Status?
  private var isPublished = false

  /// Begins the page; it gets its name when it is finished.
  ///
  /// - Parameters:
  ///   - folder: The batch's output folder.
  ///   - shard: The part of the batch that is done; `nil` for all of it.
  ///   - replacing: Whether a file of that name may be replaced.
  ///   - resuming: Whether it may be if it is a report of the same batch: that of the run that is gone on with.
  /// - Throws: `EditingError.exists` for any other file, and what `OutputFile` throws.
  public init(
    named name: String, folder: String, shard: Shard? = nil, replacing: Bool, resuming: Bool
  ) throws(EditingError) {
    page = BatchReport(batch: Self.batch(folder, shard))
    let place = try Self.place(
      name, opening: page.opening, replacing: replacing, resuming: resuming)
    replaces = place.replaces
    file = try TemporaryFile(for: place.path, permissions: 0o600)
    try file.write(Array(page.opening.utf8))
  }

  /// Refuses a name that is taken, before any folder is made.
  public static func checkPlace(
    of name: String, folder: String, shard: Shard? = nil, replacing: Bool, resuming: Bool
  ) throws(EditingError) {
    // Where nothing is, the folder may still have to be made.
    if !FileSystem.isTaken(name) { return }
    let opening = BatchReport(batch: batch(folder, shard)).opening
    _ = try place(name, opening: opening, replacing: replacing, resuming: resuming)
  }

  /// What tells a batch from others: a checksum, so that the page says nothing of the folders above it.
  private static func batch(_ folder: String, _ shard: Shard?) -> String {
    let part = shard.map { "\($0.index)/\($0.count)" } ?? "all"
    return String(
      checksum(Array("\(part) \(FileSystem.destination(folder))".utf8)), radix: 16)
  }

  private static func place(
    _ name: String, opening: String, replacing: Bool, resuming: Bool
  ) throws(EditingError) -> OutputFile {
    var replaces = replacing
    if resuming, FileSystem.status(name)?.isRegular == true,
      // The beginning tells; the whole may hold the pictures of a hundred thousand photos.
      try FileSystem.read(name, isWanted: { _ in false })
        .starts(with: Array(opening.utf8))
    {
      replaces = true
    }
    return try OutputFile(name, replacing: replaces)
  }

  /// Adds a photo.
  public func add(_ report: RemovalReport) throws(EditingError) {
    if report.pictures != nil { shown = .shared(shown, report.source) }
    let status: BatchReport.Status =
      switch report.status {
      case .done: report.output == nil ? .found : .done
      case .nothingMatched: .nothingMatched
      case .failed: .failed
      case .skipped: .skipped
      }
    let entry = BatchReport.Entry(
      name: report.input, status: status, output: report.output,
      removed: report.removed.map { $0.className ?? "selection" },
      milliseconds: status == .done ? report.timings.total : nil,
      message: report.error.map { "\($0)" }
        ?? (report.notes.isEmpty ? nil : report.notes.joined(separator: "; ")),
      before: report.pictures?.before,
      after: report.pictures?.after)
    try file.write(Array(page.add(entry).utf8))
  }

  /// Ends the page and gives it its name; it is as private as the photos that it shows, and the user's own
  /// if it shows none.
  public func finish() throws(EditingError) {
    try file.write(Array(page.closing.utf8))
    if let shown { try file.takeTraits(of: shown, keepsTime: false) }
    try file.publish(replacing: replaces)
    isPublished = true
  }

  /// A page that was not finished, for whatever reason, does not stay.
  deinit { if !isPublished { file.remove() } }
}
