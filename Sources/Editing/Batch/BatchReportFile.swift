import Synchronization

/// The file with the report of a batch, written as the batch goes.
public final class BatchReportFile: Sendable {
  private let target: OutputFile
  private let file: TemporaryFile
  private let page: Mutex<BatchReport>

  /// Begins the page.
  public init(_ output: OutputFile) throws(EditingError) {
    if output.isStandardOutput { throw .usage("--report needs the name of a file") }
    target = output
    file = try TemporaryFile(for: output.path)
    let report = BatchReport()
    let opening = report.opening
    page = Mutex(report)
    try file.write(Array(opening.utf8))
  }

  /// Adds a photo.
  public func add(_ report: RemovalReport) throws(EditingError) {
    let status: BatchReport.Status =
      switch report.status {
      case .done: .done
      case .nothingMatched: .nothingMatched
      case .failed: .failed
      case .skipped: .skipped
      }
    let entry = BatchReport.Entry(
      name: report.input, status: status, output: report.output,
      removed: report.removed.map { $0.className ?? "selection" },
      milliseconds: status == .done ? report.timings.total : nil,
      message: report.error.map { "\($0)" }, before: report.thumbnails?.before,
      after: report.thumbnails?.after)
    let card = page.withLock { $0.add(entry) }
    try file.write(Array(card.utf8))
  }

  /// Ends the page and gives it its name.
  public func finish() throws(EditingError) {
    do {
      try file.write(Array(page.withLock { $0.closing() }.utf8))
      try file.publish(replacing: target.replaces)
    } catch {
      file.remove()
      throw error
    }
  }
}
