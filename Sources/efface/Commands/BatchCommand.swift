import ArgumentParser
import Editing
import Synchronization

struct BatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch",
    abstract: "Remove the same from many photos.",
    discussion: """
      Folders are walked, and mirrored below the output folder; each photo keeps its name there, and \
      the photos themselves stay as they are: there is no --in-place here. Of several folders each \
      keeps its own name there. A photo that fails does not stop the others.

      Exit status: 0 every photo is done, or had nothing to remove while others had; 1 some photo \
      failed; 2 no photo matched.

        efface batch holiday --output clean --object person
        efface batch scans --masks scan-masks --output clean --resume
      """)

  @Argument(
    help: ArgumentHelp("Photos, and folders of photos.", valueName: "input"), completion: .file())
  var input: [String]

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The folder of the results.", valueName: "dir"),
    completion: .directory)
  var output: String

  @OptionGroup var selection: SelectionOptions

  @OptionGroup var file: FileOptions

  @Option(
    help: ArgumentHelp(
      "Remove what is white in the mask of each photo's name.",
      discussion: """
        The mask of a/b.jpg is a/b.png in this folder. A photo without one loses only what else is \
        selected.
        """, valueName: "dir"),
    completion: .directory)
  var masks: String?

  @Option(
    help: ArgumentHelp(
      "Work on at most so many photos at a time, 1 to 256.",
      discussion: """
        Never more than there are processors or --threads, which all photos share. Default: one a \
        thread, but 4 at the most.
        """, valueName: "n"))
  var jobs: Int?

  @Flag(
    help: ArgumentHelp(
      "Pass over photos that an earlier run has finished.",
      discussion: """
        A truncated or damaged result is made again; one that other options or another version of \
        the program made is in the way like any other file. What is finished is recorded in the \
        output folder, in .efface-journal; without that file nothing can be passed over.
        """))
  var resume = false

  @Flag(
    help: ArgumentHelp(
      "Find and mask, but remove nothing and write no photo.",
      discussion: "--json and --report show what would go."))
  var dryRun = false

  @Flag(name: .customLong("no-recursive"), help: "Leave out folders within the folders.")
  var isFlat = false

  @Option(
    help: ArgumentHelp(
      "Do only part I of N of the photos, such as 1/4 to 4/4.", valueName: "i/n"))
  var shard: Shard?

  @Option(
    help: ArgumentHelp("Write a page with before and after of all.", valueName: "file.html"),
    completion: .file(extensions: ["html"]))
  var report: String?

  @OptionGroup var reporting: ReportingOptions

  func validate() throws {
    if input.isEmpty { throw ValidationError("give a photo or a folder of photos") }
    if input.contains("-") { throw ValidationError("a batch cannot read standard input") }
    if report == "-" { throw ValidationError("--report needs the name of a file") }
    if let jobs, !(1...256).contains(jobs) {
      throw ValidationError("--jobs \(jobs): give 1 to 256")
    }
    if dryRun && resume {
      throw ValidationError("--dry-run makes nothing that --resume could pass over: give one")
    }
  }

  func run() throws {
    // Not in `validate`, so that an option that is mistyped is named first.
    if masks == nil && selection.removal(masks: [], file: file).selection.isEmpty {
      throw ValidationError(
        "say what should go: --object, --at, --box, --distractors, --wires or --masks")
    }
    Interruption.endCleanly(
      message: dryRun
        ? "\nefface: interrupted; nothing was written\n"
        : "\nefface: interrupted; finished photos are kept, and --resume goes on from here\n")
    let terminal = Terminal(isQuiet: reporting.quiet)
    do {
      try checkNames((selection.objects + selection.exceptions).flatMap(\.names))
      if let report {
        try checkPageName(report)
        try BatchReportFile.checkPlace(
          of: report, folder: output, shard: shard, replacing: reporting.force, resuming: resume)
      }
      let plan = try BatchPlan(
        inputs: input, folder: output, recursive: !isFlat, shard: shard, masks: masks)
      if let report {
        try checkResults([report], apartFrom: plan.files)
        // The page may have its place in there.
        if !dryRun { try plan.makeFolder() }
      }
      let page = try report.map { name throws(EditingError) in
        try BatchReportFile(
          named: name, folder: output, shard: shard, replacing: reporting.force, resuming: resume)
      }
      let threads = selection.threads ?? processorCount
      let batch = Batch(
        plan: plan, options: selection.removal(masks: [], file: file),
        jobs: jobs ?? min(threads, 4), threads: threads, resumes: resume,
        replaces: reporting.force, isDry: dryRun, wantsPictures: report != nil)
      let tally = BatchTally(
        total: plan.items.count, terminal: terminal, json: reporting.json, isDry: dryRun, page: page
      )
      tally.begin()
      try batch.run { tally.add($0) }
      try tally.finish(quiet: reporting.quiet)
    } catch let error as EditingError {
      throw terminal.fail(error).code
    }
  }
}

/// Counts a batch's photos as they are finished, and reports each; its one lock keeps the lines and the page of
/// photos that are finished at a time apart.
private final class BatchTally: Sendable {
  private let total: Int
  private let terminal: Terminal
  private let json: Bool
  private let isDry: Bool
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  private struct State {
    let page: BatchReportFile?
    var statuses: [RemovalReport.Status] = []
    /// How many finished photos have notes.
    var noted = 0
    /// Why the page, or standard output, does not show every photo; the photos are done all the same.
    var pageError: EditingError?
    var outputError: EditingError?
  }

  init(total: Int, terminal: Terminal, json: Bool, isDry: Bool, page: sending BatchReportFile?) {
    self.total = total
    self.terminal = terminal
    self.json = json
    self.isDry = isDry
    state = Mutex(State(page: page))
  }

  func begin() { terminal.progress("0/\(total) photos …") }

  func add(_ report: RemovalReport) {
    state.withLock { state in
      if let error = report.error { terminal.message("\(error)") }
      state.statuses.append(report.status)
      if report.status == .done && !report.notes.isEmpty { state.noted += 1 }
      do throws(EditingError) {
        if json && state.outputError == nil { try terminal.result(report.json.text + "\n") }
      } catch {
        state.outputError = error
      }
      do throws(EditingError) {
        try state.page?.add(report)
      } catch {
        state.pageError = error
      }
      terminal.progress(
        Self.line(state.statuses, total: total, elapsed: ContinuousClock.now - start))
    }
  }

  func finish(quiet: Bool) throws {
    terminal.clearProgress()
    try state.withLock { try finish($0, quiet: quiet) }
  }

  private func finish(_ state: State, quiet: Bool) throws {
    let statuses = state.statuses
    let summary = summary(statuses)
    if let error = state.pageError { throw error }
    try state.page?.finish()
    if let error = state.outputError { throw error }
    if !quiet && !json {
      terminal.message(summary)
      if state.noted > 0 {
        let notes = state.noted == 1 ? "1 of them has a note" : "\(state.noted) of them have notes"
        let hint = state.page == nil ? " (--report FILE or --json shows them)" : ""
        terminal.message(notes + hint)
      }
    }
    let status = ExitStatus(statuses)
    if status != .done { throw status.code }
  }

  private func summary(_ statuses: [RemovalReport.Status]) -> String {
    func count(_ status: RemovalReport.Status) -> Int { statuses.count { $0 == status } }
    var parts = ["\(count(.done)) \(isDry ? "would be done" : "done")"]
    for (status, words) in [
      (RemovalReport.Status.skipped, "done before"), (.nothingMatched, "without a match"),
      (.failed, "failed"),
    ] where count(status) > 0 {
      parts.append("\(count(status)) \(words)")
    }
    return parts.joined(separator: ", ")
  }

  private static func line(
    _ statuses: [RemovalReport.Status], total: Int, elapsed: Duration
  ) -> String {
    let done = statuses.count
    let worked = done - statuses.count { $0 == .skipped }
    var line = "\(done)/\(total) photos"
    let failed = statuses.count { $0 == .failed }
    if failed > 0 { line += ", \(failed) failed" }
    if worked > 0 && done < total {
      let seconds = Double(elapsed.components.seconds) / Double(worked) * Double(total - done)
      let left = Int(seconds.rounded(.up))
      line += left < 60 ? ", \(left) s left" : ", \(left / 60) min \(left % 60) s left"
    }
    return line
  }
}
