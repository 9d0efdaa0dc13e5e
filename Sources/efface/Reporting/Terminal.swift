import Editing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where a command speaks: results to standard output, messages to standard error.
struct Terminal: Sendable {
  /// Whether a line of progress may be shown and replaced.
  let showsProgress: Bool

  init(isQuiet: Bool = false) {
    showsProgress = !isQuiet && isatty(2) == 1
  }

  /// Prints a result; one that is lost is an error.
  func result(_ text: String) throws(EditingError) { try StandardStream.output.write(text) }

  /// Prints a message, as far as anyone reads it.
  func message(_ text: String) {
    Self.write((showsProgress ? "\r\u{1B}[K" : "") + "efface: \(text)\n")
  }

  /// Replaces the line of progress.
  func progress(_ text: String) {
    if showsProgress { Self.write("\r\u{1B}[K\(text)") }
  }

  /// Removes the line of progress.
  func clearProgress() {
    if showsProgress { Self.write("\r\u{1B}[K") }
  }

  /// Ends the command with an error's line and its status; a reader who has seen enough, such as `head`, needs
  /// no line.
  func fail(_ error: EditingError) -> ExitStatus {
    if error != StandardStream.nobodyReads { message("\(error)") }
    return ExitStatus(error)
  }

  private static func write(_ text: String) { try? StandardStream.messages.write(text) }
}

/// Whether a file descriptor is a terminal.
func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
