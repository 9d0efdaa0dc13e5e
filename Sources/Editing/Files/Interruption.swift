import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What happens at Ctrl-C and at a request to end: no half-written file stays, and the exit status is 130.
public enum Interruption {
  /// Makes a write to a pipe that nobody reads an error like any other, instead of the process's end.
  public static func surviveClosedPipes() { signal(SIGPIPE, SIG_IGN) }

  /// Starts to wait for SIGINT and SIGTERM on a thread of its own.
  ///
  /// Call it first, from the main thread: threads that exist already would be interrupted as usual.
  /// - Parameter message: Written to standard error before the process ends.
  public static func endCleanly(message: String) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGINT)
    unsafe sigaddset(&signals, SIGTERM)
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    Self.message.withLock { $0 = message }
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    unsafe pthread_create(
      &thread, nil,
      { _ in
        Interruption.wait()
        return nil
      }, nil)
  }

  private static let message = Mutex("")

  private static func wait() {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGINT)
    unsafe sigaddset(&signals, SIGTERM)
    var signal: Int32 = 0
    while unsafe sigwait(&signals, &signal) != 0 {}
    TemporaryFile.removeAll {
      let bytes = Array(message.withLock { $0 }.utf8)
      try? FileSystem.write(bytes, to: 2, name: "standard error")
      _exit(130)
    }
  }
}
