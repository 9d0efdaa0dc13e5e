#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where a command speaks.
public enum StandardStream: Int32, Sendable {
  /// Standard output, for results.
  case output = 1
  /// Standard error, for messages.
  case messages = 2

  /// Gives every standard stream that the caller has closed a place that takes and gives nothing: a file that
  /// is opened later would get its number, and what is said.
  ///
  /// Call it first. Reading or writing there stays an error, as the place is opened for the other of the two.
  public static func fillClosed() {
    // The lowest free number is given out.
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
      _ = unsafe open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
  }

  /// The error of a result that nobody reads any more.
  public static let nobodyReads = EditingError.unwritable(
    name: "standard output", reason: FileSystem.reason(EPIPE))

  /// Writes all of a text.
  public func write(_ text: String) throws(EditingError) {
    try FileSystem.write(
      Array(text.utf8), to: rawValue,
      name: self == .output ? "standard output" : "standard error")
  }
}
