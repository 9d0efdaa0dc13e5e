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

  @Argument(
    help: ArgumentHelp("The photo, JPEG or PNG.", valueName: "photo"), completion: photoFiles)
  var photo: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The page; - is standard output.", valueName: "file.html"),
    completion: .file(extensions: ["html"]))
  var output: String

  @Flag(help: "Replace a file that exists.")
  var force = false

  func validate() throws {
    // The page's command names the photo.
    if photo == "-" {
      throw ValidationError("a page needs a photo with a name, not standard input")
    }
  }

  func run() throws {
    Interruption.endCleanly(message: "\nefface: interrupted\n")
    let terminal = Terminal()
    do {
      try checkPageName(output)
      try checkResults([output], apartFrom: [photo])
      let page = try OutputFile(output, replacing: force)
      let eraser = Eraser(threads: processorCount) { terminal.progress("\($0.rawValue) …") }
      try eraser.pick(photo, to: page)
      terminal.clearProgress()
    } catch {
      throw terminal.fail(error).code
    }
  }
}
