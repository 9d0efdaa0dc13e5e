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

  /// Prints a result.
  func result(_ text: String) { Self.write(text, to: 1) }

  /// Prints a message.
  func message(_ text: String) {
    Self.write((showsProgress ? "\r\u{1B}[K" : "") + "efface: \(text)\n", to: 2)
  }

  /// Replaces the line of progress.
  func progress(_ text: String) {
    if showsProgress { Self.write("\r\u{1B}[K\(text)", to: 2) }
  }

  /// Removes the line of progress.
  func clearProgress() {
    if showsProgress { Self.write("\r\u{1B}[K", to: 2) }
  }

  /// Ends the command with an error's line and its status.
  func fail(_ error: EditingError) -> ExitStatus {
    message("\(error)")
    return ExitStatus(error)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        guard let base = bytes.baseAddress else { return }
        #if canImport(Glibc)
          let wrote = unsafe Glibc.write(descriptor, base + done, bytes.count - done)
        #elseif canImport(Musl)
          let wrote = Musl.write(descriptor, base + done, bytes.count - done)
        #else
          let wrote = Darwin.write(descriptor, base + done, bytes.count - done)
        #endif
        if wrote < 0 && errno != EINTR { return }
        done += max(0, wrote)
      }
    }
  }
}

/// Whether a file descriptor is a terminal.
func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
