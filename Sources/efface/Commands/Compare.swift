import ArgumentParser
import Editing

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show two versions of one photo: side by side, blinking, or with a slider.",
    discussion: """
      The output's extension decides: .png or .jpg side by side, .gif blinking, .html a page with \
      a slider that holds both photos and needs nothing else.

        efface compare beach.jpg beach-removed.jpg -o beach.html
      """)

  @Argument(help: ArgumentHelp("The photo before.", valueName: "before"))
  var before: String

  @Argument(help: ArgumentHelp("The photo after.", valueName: "after"))
  var after: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The .png, .jpg, .gif or .html.", valueName: "file"))
  var output: String

  @Flag(help: "Replace a file that exists.")
  var force = false

  func run() throws {
    Interruption.endCleanly(message: "\nefface: interrupted\n")
    do {
      try Editing.compare(
        before: before, after: after, to: try OutputFile(output, replacing: force))
    } catch {
      throw Terminal().fail(error).code
    }
  }
}
