/// Words of a command line.
enum ShellWord {
  /// A path that no command takes for an option or for standard input.
  static func path(_ path: String) -> String {
    path.utf8.first == UInt8(ascii: "-") ? "./" + path : path
  }
}
