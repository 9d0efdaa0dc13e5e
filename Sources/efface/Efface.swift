import ArgumentParser
import Editing

@main
struct Efface: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "efface",
    abstract: "Remove unwanted objects from photos, on this machine.",
    discussion: """
      Everything happens on this machine: no network is used, and nothing is overwritten \
      without --force or --in-place. Results go to standard output, messages to standard error.

      Exit status: 0 done; 1 some photo failed; 2 nothing matched the selection; \
      64 wrong usage; 130 interrupted.
      """,
    version: Editing.version,
    subcommands: [
      RemoveObject.self, Detect.self, BatchCommand.self, Compare.self, Pick.self, Models.self,
    ])

  /// Starts the program.
  static func main() {
    StandardStream.fillClosed()
    Interruption.surviveFailedWrites()
    do {
      try checkArguments()
    } catch {
      exit(withError: Terminal().fail(error).code)
    }
    // A lone `--version` is answered before every command's options are gathered, which takes a third of
    // the time from start to end.
    if CommandLine.arguments.dropFirst() == ["--version"] {
      print(configuration.version)
    } else {
      main(nil)
    }
  }

  /// Refuses an instruction set that this machine cannot run before any command starts.
  func validate() throws {
    do {
      _ = try kernelSummary()
    } catch {
      throw ValidationError("\(error)")
    }
  }
}
