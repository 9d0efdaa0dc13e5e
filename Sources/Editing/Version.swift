#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The program's version.
public let version = "0.1.0"

/// Seconds since 1970.
func currentTime() -> time_t { time(nil) }

/// A time as ISO 8601 has it, in UTC: `2026-01-02T03:04:05Z`.
///
/// - Parameter seconds: Since 1970.
func timestamp(_ seconds: time_t) -> String {
  var seconds = seconds
  var parts = unsafe tm()
  unsafe gmtime_r(&seconds, &parts)
  let numbers = unsafe [
    parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
    parts.tm_sec,
  ]
  let text = numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }
  return "\(text[0])-\(text[1])-\(text[2])T\(text[3]):\(text[4]):\(text[5])Z"
}
