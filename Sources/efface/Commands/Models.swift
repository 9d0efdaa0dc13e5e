import ArgumentParser
import Editing

struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe the networks inside, and the kernels that run them.")

  @Flag(help: "Print one JSON object a network, one a line.")
  var json = false

  func run() throws {
    let terminal = Terminal()
    do {
      for model in try ModelCard.all() {
        try terminal.result(json ? model.json.text + "\n" : model.text)
      }
      if !json { try terminal.result(kernelSummary() + "\n") }
    } catch {
      throw terminal.fail(error).code
    }
  }
}
