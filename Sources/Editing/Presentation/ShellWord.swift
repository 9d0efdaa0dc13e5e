/// Words of a command line, quoted for a POSIX shell.
enum ShellWord {
  /// The word as one types it: plain where every character is harmless, else in single quotes.
  static func quoted(_ word: String) -> String {
    let plain = Set(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-".unicodeScalars)
    if !word.isEmpty, word.unicodeScalars.allSatisfy(plain.contains) { return word }
    var result = "'"
    for scalar in word.unicodeScalars {
      if scalar == "'" { result += "'\\''" } else { result.unicodeScalars.append(scalar) }
    }
    return result + "'"
  }

  /// A path that no command takes for an option or for standard input.
  static func path(_ path: String) -> String {
    path.utf8.first == UInt8(ascii: "-") ? "./" + path : path
  }
}
