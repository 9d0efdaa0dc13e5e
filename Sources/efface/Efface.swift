import ArgumentParser

@main
struct Efface: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "efface", abstract: "Remove unwanted objects from photos, on this machine.",
    version: "0.1.0")
}
