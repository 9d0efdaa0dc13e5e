import CFileSystem
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What happens at Ctrl-C, at a request to end and when the terminal closes: no half-written file stays, and
/// the exit status is 130.
public enum Interruption {
  /// Makes a write to a pipe that nobody reads, or beyond the largest file that is allowed, an error like any
  /// other, instead of the process's end.
  public static func surviveFailedWrites() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Starts to wait for SIGINT, SIGTERM and SIGHUP on a thread of its own; for those that are not ignored.
  ///
  /// Call it first, from the main thread: threads that exist already would be interrupted as usual.
  /// - Parameters:
  ///   - message: Written to standard error before the process ends.
  ///   - afterOutput: The same once something has been written; `nil` where `message` is true then too.
  public static func endCleanly(message: String, afterOutput: String? = nil) {
    var signals = awaited()
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    messages.withLock { $0 = (message, afterOutput ?? message) }
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

  private static let messages = Mutex((before: "", after: ""))

  private static func awaited() -> sigset_t {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    // What the caller has ignored stays so, as SIGHUP under `nohup` and SIGINT in the background of a shell's
    // script: a signal that is waited for would come all the same.
    for signal in [SIGINT, SIGTERM, SIGHUP] where !efs_is_ignored(signal) {
      unsafe sigaddset(&signals, signal)
    }
    return signals
  }

  private static func wait() {
    var signals = awaited()
    var signal: Int32 = 0
    while unsafe sigwait(&signals, &signal) != 0 {}
    TemporaryFile.removeAll { hasOutput in
      try? StandardStream.messages.write(messages.withLock { hasOutput ? $0.after : $0.before })
      _exit(130)
    }
  }
}
