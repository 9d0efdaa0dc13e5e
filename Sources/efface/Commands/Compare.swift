import ArgumentParser
import Editing

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show two versions of one photo, or tell exactly what differs between them.",
    usage: """
      efface compare <before> <after> --output <file> [--force]
      efface compare <before> <after> --verify [--mask <file>]
      """,
    discussion: """
      The output's extension decides: .png or .jpg side by side, .gif blinking, .html a page with \
      a slider that holds both photos and needs nothing else.

        efface compare beach.jpg beach-removed.jpg -o beach.html

      With --verify, the files themselves are compared: samples, JPEG coefficients and metadata. \
      With the mask that remove-object saved, the status is 1 if anything outside of it differs: a \
      sample of a PNG, a block of a JPEG that the mask does not touch.

        efface compare beach.jpg beach-removed.jpg --verify --mask mask.png
      """)

  @Argument(
    help: ArgumentHelp("The photo before.", valueName: "before"), completion: photoFiles)
  var before: String

  @Argument(help: ArgumentHelp("The photo after.", valueName: "after"), completion: photoFiles)
  var after: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The .png, .jpg, .gif or .html.", valueName: "file"),
    completion: .file())
  var output: String?

  @Flag(help: "Print what differs: pixels, coefficients, metadata.")
  var verify = false

  @Option(
    help: ArgumentHelp(
      "With --verify: what may differ, as --save-mask wrote it.", valueName: "file"),
    completion: .file())
  var mask: String?

  @Flag(help: "Replace a file that exists.")
  var force = false

  func validate() throws {
    if output == nil && !verify {
      throw ValidationError("say where the comparison goes with -o, or give --verify")
    }
    if mask != nil && !verify {
      throw ValidationError("--mask goes with --verify: give both")
    }
    if [before, after, mask].count(where: { $0 == "-" }) > 1 {
      throw ValidationError("only one of the photos and the mask can come from standard input")
    }
  }

  func run() throws {
    Interruption.endCleanly(message: "\nefface: interrupted\n")
    do throws(EditingError) {
      let file = try output.map { output throws(EditingError) in
        try checkComparisonName(output)
        try checkResults([output], apartFrom: [before, after] + (mask.map { [$0] } ?? []))
        return try OutputFile(output, replacing: force)
      }
      let pair = try PhotoPair(before: before, after: after)
      if let file { try pair.write(to: file) }
      if verify {
        let verification = try pair.verify(mask: mask)
        try Terminal().result(verification.text)
        if !verification.isKept {
          throw EditingError.picture(
            message: "\(shown(after)): differs from \(shown(before)) outside the mask")
        }
      }
    } catch {
      throw Terminal().fail(error).code
    }
  }
}
