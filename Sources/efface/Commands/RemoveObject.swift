import ArgumentParser
import Editing

struct RemoveObject: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove what is named, clicked, boxed or masked from one photo.",
    discussion: """
      Selections add up. In a PNG no sample outside the mask changes, in a JPEG no block of 8 x 8 that \
      the mask does not touch, unless --quality is given. The file keeps its format, metadata, colour \
      profile, orientation and permissions; its modification time is that of the edit. All positions \
      are those of the upright photo.

        efface remove-object beach.jpg --object person
        efface remove-object street.jpg --at 812,640 -o clean.jpg --compare clean.gif
        efface remove-object street.jpg --at 812,640 --in-place --backup
      """)

  @Argument(
    help: ArgumentHelp("The photo, JPEG or PNG; - is standard input.", valueName: "photo"),
    completion: photoFiles)
  var photo: String

  // Taken only to say that there is a command for it.
  @Argument(help: .private)
  var further: [String] = []

  @Option(
    name: .customLong("mask"),
    help: ArgumentHelp(
      "Remove what is white in this picture of the photo's size.",
      discussion: "Several masks add up.", valueName: "file"),
    completion: .file())
  var masks: [String] = []

  @OptionGroup var selection: SelectionOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where the result goes; - is standard output.",
      discussion: "Default: <stem>-removed.<ext> beside the photo; of standard input, -.",
      valueName: "out"),
    completion: .file())
  var output: String?

  @Option(
    // Most suffixes begin with a dash.
    parsing: .unconditional,
    help: ArgumentHelp(
      "Name the result <stem><suffix>.<ext> beside the photo.",
      discussion: "Default: \(defaultSuffix)"))
  var suffix: String?

  @Flag(
    help: ArgumentHelp(
      "Put the result in the photo's place.",
      discussion: "At once when it is complete; until then the photo stays as it is."))
  var inPlace = false

  @Flag(
    help: ArgumentHelp(
      "With --in-place: keep the photo as it was, as <stem>-original.<ext> beside it.",
      discussion: "A file of that name is never replaced, not even with --force."))
  var backup = false

  @OptionGroup var file: FileOptions

  @Option(
    help: ArgumentHelp(
      "Write so many different fills to choose from.",
      discussion: """
        1 to 100. Files are named <out>-1.<ext>, <out>-2.<ext> and so on: the first is the fill of \
        --seed, the second that of the seed after it. --json lists them as "variants".
        """, valueName: "n"))
  var variants: Int = 1

  @Option(
    help: ArgumentHelp(
      "Write before and after as well: .png, .jpg, .gif or .html.", valueName: "file"),
    completion: .file())
  var compare: String?

  @Option(
    help: ArgumentHelp("Write the mask that was used.", valueName: "file.png"),
    completion: .file())
  var saveMask: String?

  @Option(
    help: ArgumentHelp(
      "Write the photo with the mask drawn on it: .png or .jpg.", valueName: "file"),
    completion: .file())
  var overlay: String?

  @Flag(
    help: ArgumentHelp(
      "Find and mask, but remove nothing.",
      discussion: """
        With --overlay it can be seen what would go; with --save-mask the mask can be changed and given \
        back with --mask.
        """))
  var dryRun = false

  @OptionGroup var reporting: ReportingOptions

  func validate() throws {
    if !(1...100).contains(variants) {
      throw ValidationError("--variants \(variants): give 1 to 100")
    }
    try validateNames()
    let target = targetName
    if target == "-" && variants > 1 {
      throw ValidationError("several fills cannot go to standard output: add -o FILE")
    }
    if target == "-" && reporting.json && !dryRun {
      throw ValidationError("--json and the photo cannot both go to standard output: add -o FILE")
    }
    if (masks + [photo]).count(where: { $0 == "-" }) > 1 {
      throw ValidationError(
        "the photo and the mask, or two masks, cannot both come from standard input")
    }
    let others = [("--compare", compare), ("--save-mask", saveMask), ("--overlay", overlay)]
    for (option, name) in others where name == "-" {
      throw ValidationError("\(option) needs the name of a file")
    }
    if target == "-" && isTerminal(1) && !dryRun {
      throw ValidationError("a photo is not written to a terminal: add -o FILE, or redirect")
    }
  }

  /// The path of the result.
  private var targetName: String {
    inPlace ? photo : output ?? defaultOutput(for: photo, suffix: suffix ?? defaultSuffix)
  }

  /// Refuses options for the result's name that contradict each other.
  private func validateNames() throws {
    let ways = [("--output", output != nil), ("--suffix", suffix != nil), ("--in-place", inPlace)]
    let given = ways.filter(\.1).map(\.0)
    if dryRun, let result = given.first ?? (compare == nil ? nil : "--compare") {
      throw ValidationError("--dry-run makes no result: leave out \(result)")
    }
    if dryRun && variants > 1 {
      throw ValidationError("--dry-run makes no result: leave out --variants")
    }
    if given.count > 1 {
      throw ValidationError("\(given[0]) and \(given[1]) both say where the result goes: give one")
    }
    if photo == "-", let option = given.first, option != "--output" {
      throw ValidationError("\(option) needs a photo with a name, not standard input: use -o FILE")
    }
    if let suffix, suffix.isEmpty || suffix.contains("/") {
      throw ValidationError(
        "--suffix '\(suffix)': give a part of a file's name (--in-place keeps the photo's own)")
    }
    if file.keepTime && (photo == "-" || targetName == "-") {
      throw ValidationError("--keep-time needs files: standard input and output have no time")
    }
    if inPlace && variants > 1 {
      throw ValidationError("--in-place has room for one fill: leave out --variants")
    }
    if backup && !inPlace {
      throw ValidationError("--backup goes with --in-place: nothing else touches the photo")
    }
  }

  private func outputFiles() throws(EditingError) -> [OutputFile] {
    if dryRun { return [] }
    if inPlace {
      return [try OutputFile(inPlaceOf: photo, keepsBackup: backup)]
    }
    if output == nil { try checkPlace(beside: photo) }
    return try outputs.map { name throws(EditingError) in
      try OutputFile(name, replacing: reporting.force)
    }
  }

  func run() throws {
    // Not in `validate`, so that an option that is mistyped is named first.
    if let more = further.first {
      throw ValidationError(
        "one photo at a time, not \(more) as well: `efface batch` takes several, and folders")
    }
    if selection.removal(masks: masks, file: file).selection.isEmpty {
      throw ValidationError(
        "say what should go: --object, --at, --box, --distractors, --wires or --mask "
          + "(`efface detect \(photo)` shows what there is)")
    }
    Interruption.endCleanly(
      message: "\nefface: interrupted; nothing was written\n",
      afterOutput: "\nefface: interrupted; what was written before is kept\n")
    let terminal = Terminal(isQuiet: reporting.quiet)
    let eraser = Eraser(threads: selection.threads ?? processorCount) { stage in
      terminal.progress("\(stage.rawValue) …")
    }
    let report: RemovalReport
    do throws(EditingError) {
      report = eraser.remove(try request())
    } catch {
      report = RemovalReport(input: photo, failure: error)
    }
    terminal.clearProgress()
    if let error = report.error { terminal.message("\(error)") }
    do throws(EditingError) {
      if reporting.json { try terminal.result(report.json.text + "\n") }
    } catch {
      throw terminal.fail(error).code
    }
    if let error = report.error { throw ExitStatus(error).code }
    if reporting.quiet { return }
    for note in report.notes { terminal.message("\(shown(photo)): \(note)") }
    if !reporting.json && (targetName != "-" || dryRun) { terminal.message(summary(report)) }
  }

  private func request() throws(EditingError) -> RemovalRequest {
    if let compare { try checkComparisonName(compare) }
    if let saveMask { try checkMaskName(saveMask) }
    if let overlay { try checkOverlayName(overlay) }
    let others = [compare, saveMask, overlay].compactMap { $0 }
    try checkResults(
      (inPlace || dryRun ? [] : outputs) + others, apartFrom: [photo] + masks,
      hint: " (only --in-place puts the result in the photo's place)")
    try checkPresence(of: photo)
    let files = try outputFiles()
    // Of a photo that is named by a link, the file itself is kept.
    if let kept = files.first?.backup { try checkResults(others, apartFrom: [kept]) }
    var request = RemovalRequest(
      input: photo, output: files.first,
      comparison: try compare.map { name throws(EditingError) in
        try OutputFile(name, replacing: reporting.force)
      },
      savedMask: try saveMask.map { name throws(EditingError) in
        try OutputFile(name, replacing: reporting.force)
      },
      options: selection.removal(masks: masks, file: file))
    request.overlay = try overlay.map { name throws(EditingError) in
      try OutputFile(name, replacing: reporting.force)
    }
    request.variants = Array(files.dropFirst())
    return request
  }

  /// Where the fills go.
  private var outputs: [String] {
    variants > 1 ? variantOutputs(of: targetName, count: variants) : [targetName]
  }

  private func summary(_ report: RemovalReport) -> String {
    var counts: [(name: String, count: Int)] = []
    for name in report.removed.map({ $0.className ?? "selection" }) {
      if let index = counts.firstIndex(where: { $0.name == name }) {
        counts[index].count += 1
      } else {
        counts.append((name, 1))
      }
    }
    let things = counts.map { $0.count > 1 ? "\($0.count) x \($0.name)" : $0.name }
      .joined(separator: ", ")
    if dryRun {
      let place = (overlay ?? saveMask).map { "; \($0) shows where" } ?? ""
      return "\(shown(photo)): \(things) would be removed, \(report.maskPixels) pixels\(place)"
    }
    let outputs = outputs
    let time = Int(report.timings.total.rounded())
    return "\(outputs.joined(separator: ", ")): \(things) removed, "
      + "\(share(of: report)) of the photo, in \(time) ms"
  }

  /// How much of the photo a mask covers, in percent: `3 %`, `0.2 %`.
  private func share(of report: RemovalReport) -> String {
    let all = Double((report.width ?? 0) * (report.height ?? 0))
    let tenths = (1000 * Double(report.maskPixels) / max(all, 1)).rounded()
    if tenths < 1 { return "under 0.1 %" }
    return tenths < 100 ? "\(tenths / 10) %" : "\(Int((tenths / 10).rounded())) %"
  }
}
