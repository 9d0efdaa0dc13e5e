import ArgumentParser
import Editing

struct Pick: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a page on which to tap, click, box or brush what should go.",
    discussion: """
      The page is one file that needs neither a server nor a network. It shows the command to \
      paste, and saves a brushed mask.

        efface pick street.jpg -o street.html
      """)

  @Argument(help: ArgumentHelp("The photo, JPEG or PNG; - is standard input.", valueName: "photo"))
  var photo: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The page; - is standard output.", valueName: "file.html"))
  var output: String

  @Flag(help: "Replace a file that exists.")
  var force = false

  func run() throws {
    Interruption.endCleanly(message: "\nefface: interrupted\n")
    let terminal = Terminal()
    do {
      let page = try OutputFile(output, replacing: force)
      let eraser = Eraser(threads: processorCount) { terminal.progress("\($0.rawValue) …") }
      try eraser.pick(photo, to: page)
      terminal.clearProgress()
    } catch {
      throw terminal.fail(error).code
    }
  }
}
