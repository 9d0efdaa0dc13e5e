#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How long the stages of one photo took, in milliseconds.
public struct Timings: Equatable, Sendable {
  /// Reading and decoding.
  public var decode = 0.0
  /// Finding objects and making the mask.
  public var segment = 0.0
  /// The inpainting network.
  public var inpaint = 0.0
  /// Detail synthesis at full resolution.
  public var detail = 0.0
  /// Encoding and writing.
  public var encode = 0.0
  /// From first to last.
  public var total = 0.0

  var json: JSONValue {
    .members([
      "decode": .number(decode, digits: 2), "segment": .number(segment, digits: 2),
      "inpaint": .number(inpaint, digits: 2), "detail": .number(detail, digits: 2),
      "encode": .number(encode, digits: 2), "total": .number(total, digits: 2),
    ])
  }
}

/// A clock that never jumps.
struct Stopwatch {
  private let start = ContinuousClock.now

  /// Milliseconds since the stopwatch was made.
  var milliseconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) * 1e3 + Double(attoseconds) * 1e-15
  }
}

/// The most memory that this process has had in use, in bytes.
func peakMemoryBytes() -> Int {
  var usage = rusage()
  #if canImport(Glibc)
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  #else
    getrusage(RUSAGE_SELF, &usage)
  #endif
  #if canImport(Darwin)
    return unsafe usage.ru_maxrss
  #else
    return usage.ru_maxrss * 1024
  #endif
}

/// Processors that are on line.
func onlineProcessors() -> Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
