import ArgumentParser
import Editing

struct RemoveObject: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove what is named, clicked, boxed or masked from one photo.",
    discussion: """
      Selections add up. Outside the mask not one sample changes, and the file keeps its format, \
      metadata, colour profile and orientation. All positions are those of the upright photo.

        efface remove-object beach.jpg --object person
        efface remove-object street.jpg --at 812,640 -o clean.jpg --compare clean.gif
      """)

  @Argument(help: ArgumentHelp("The photo, JPEG or PNG; - is standard input.", valueName: "photo"))
  var photo: String

  @Option(
    help: ArgumentHelp(
      "Remove what is white in this picture of the photo's size.", valueName: "file"))
  var mask: String?

  @OptionGroup var selection: SelectionOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where the result goes; - is standard output.",
      discussion: "Default: <stem>-removed.<ext> beside the photo.", valueName: "out"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Write so many different fills to choose from.",
      discussion: """
        Files are named <out>-1.<ext>, <out>-2.<ext> and so on; each is the fill of the next \
        --seed, and --json lists them as "variants".
        """, valueName: "n"))
  var variants: Int = 1

  @Option(
    help: ArgumentHelp(
      "Write before and after as well: .png, .jpg, .gif or .html.", valueName: "file"))
  var compare: String?

  @Option(help: ArgumentHelp("Write the mask that was used, as PNG.", valueName: "file"))
  var saveMask: String?

  @Flag(help: "Print one JSON object on standard output.")
  var json = false

  @Flag(help: "Replace files that exist.")
  var force = false

  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false

  func validate() throws {
    if selection.removal(mask: mask).selection.isEmpty {
      throw ValidationError(
        "say what should go: --object, --at, --box, --distractors or --mask "
          + "(`efface detect \(photo)` shows what there is)")
    }
    if !(1...100).contains(variants) {
      throw ValidationError("--variants \(variants): give 1 to 100")
    }
    let target = output ?? defaultOutput(for: photo)
    if target == "-" && variants > 1 {
      throw ValidationError("several fills cannot go to standard output: add -o FILE")
    }
    if target == "-" && json {
      throw ValidationError("--json and the photo cannot both go to standard output: add -o FILE")
    }
    if photo == "-" && mask == "-" {
      throw ValidationError("the photo and the mask cannot both come from standard input")
    }
    for (option, name) in [("--compare", compare), ("--save-mask", saveMask)] where name == "-" {
      throw ValidationError("\(option) needs the name of a file")
    }
    let names = outputs + [compare, saveMask].compactMap { $0 }.filter { $0 != "-" }
    if Set(names).count < names.count {
      throw ValidationError("two results would have one name: name them differently")
    }
    if target == "-" && isTerminal(1) {
      throw ValidationError("a photo is not written to a terminal: add -o FILE, or redirect")
    }
  }

  func run() throws {
    Interruption.endCleanly(message: "\nefface: interrupted; nothing was written\n")
    let terminal = Terminal(isQuiet: quiet)
    do {
      if let compare { try checkComparisonName(compare) }
      let files = try outputs.map { name throws(EditingError) in
        try OutputFile(name, replacing: force)
      }
      var request = RemovalRequest(
        input: photo, output: files[0],
        comparison: try compare.map { name throws(EditingError) in
          try OutputFile(name, replacing: force)
        },
        savedMask: try saveMask.map { name throws(EditingError) in
          try OutputFile(name, replacing: force)
        },
        options: selection.removal(mask: mask))
      request.variants = Array(files.dropFirst())
      let eraser = Eraser(threads: selection.threads ?? processorCount) { stage in
        terminal.progress("\(stage.rawValue) …")
      }
      let report = try eraser.remove(request)
      terminal.clearProgress()
      if json { terminal.result(report.json.text + "\n") }
      if !quiet {
        for note in report.notes { terminal.message("\(photo): \(note)") }
        if !json && !request.output.isStandardOutput { terminal.message(Self.summary(report)) }
      }
    } catch {
      if json { terminal.result(RemovalReport(input: photo, failure: error).json.text + "\n") }
      throw terminal.fail(error).code
    }
  }

  /// Where the fills go.
  private var outputs: [String] {
    let target = output ?? defaultOutput(for: photo)
    return variants > 1 ? variantOutputs(of: target, count: variants) : [target]
  }

  private static func summary(_ report: RemovalReport) -> String {
    let things = report.removed.map { $0.className ?? "the selection" }
    let outputs = report.variants.isEmpty ? [report.output ?? ""] : report.variants.map(\.output)
    return "\(outputs.joined(separator: ", ")): \(things.joined(separator: ", ")) removed in "
      + "\(Int(report.timings.total.rounded())) ms"
  }
}
