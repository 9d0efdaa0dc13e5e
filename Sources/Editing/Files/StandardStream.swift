/// Where a command speaks.
public enum StandardStream: Int32, Sendable {
  /// Standard output, for results.
  case output = 1
  /// Standard error, for messages.
  case messages = 2

  /// Writes all of a text.
  public func write(_ text: String) throws(EditingError) {
    try FileSystem.write(
      Array(text.utf8), to: rawValue,
      name: self == .output ? "standard output" : "standard error")
  }
}
