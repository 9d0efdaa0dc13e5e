import ArgumentParser

/// How a command tells what it did, and whether it may replace files; shared by `remove-object` and
/// `batch`.
struct ReportingOptions: ParsableArguments {
  @Flag(help: "Print one JSON object a photo on standard output, one a line.")
  var json = false

  @Flag(help: "Replace files that exist.")
  var force = false

  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false
}
