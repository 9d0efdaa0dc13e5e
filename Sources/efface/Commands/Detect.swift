import ArgumentParser
import Editing

struct Detect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the objects in a photo, by the names that --object takes.",
    discussion: """
        efface detect street.jpg --overlay found.png
      """)

  @Argument(
    help: ArgumentHelp("The photo, JPEG or PNG; - is standard input.", valueName: "photo"),
    completion: photoFiles)
  var photo: String

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Draw the objects, tinted and numbered, into this .png or .jpg.", valueName: "file"),
    completion: .file())
  var overlay: String?

  @Flag(help: "Replace a file that exists.")
  var force = false

  func run() throws {
    Interruption.endCleanly(message: "\nefface: interrupted\n")
    let terminal = Terminal()
    do {
      if let overlay { try checkResults([overlay], apartFrom: [photo]) }
      let overlay = try overlay.map { name throws(EditingError) in
        try OutputFile(name, replacing: force)
      }
      let eraser = Eraser(threads: processorCount) { terminal.progress("\($0.rawValue) …") }
      let report = try eraser.detect(photo, overlay: overlay)
      terminal.clearProgress()
      try terminal.result(json ? report.json.text + "\n" : report.table)
    } catch {
      throw terminal.fail(error).code
    }
  }
}
