/// The file with the report of a batch, written as the batch goes, by one thread at a time.
public final class BatchReportFile {
  private let replaces: Bool
  private let file: TemporaryFile
  private var page = BatchReport()
  /// What all photos that are shown permit; `nil` while none is.
  private var shown: FileSystem.Status?
  private var isPublished = false

  /// Begins the page; it gets its name when it is finished.
  ///
  /// - Parameters:
  ///   - replacing: Whether a file of that name may be replaced.
  ///   - resuming: Whether it may be if it is a report itself: that of the run that is gone on with.
  public init(named name: String, replacing: Bool, resuming: Bool) throws(EditingError) {
    let place = try Self.place(name, replacing: replacing, resuming: resuming)
    replaces = place.replaces
    file = try TemporaryFile(for: place.path, permissions: 0o600)
    try file.write(Array(page.opening.utf8))
  }

  /// Refuses a name that is taken, before any folder is made.
  public static func checkPlace(
    of name: String, replacing: Bool, resuming: Bool
  ) throws(EditingError) {
    // Where nothing is, the folder may still have to be made.
    if FileSystem.status(name) == nil { return }
    _ = try place(name, replacing: replacing, resuming: resuming)
  }

  private static func place(
    _ name: String, replacing: Bool, resuming: Bool
  ) throws(EditingError) -> OutputFile {
    var replaces = replacing
    if resuming, FileSystem.status(name)?.isRegular == true,
      // The beginning tells; the whole may hold the pictures of a hundred thousand photos.
      try FileSystem.read(name, isWanted: { _ in false })
        .starts(with: Array(BatchReport().opening.utf8))
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
