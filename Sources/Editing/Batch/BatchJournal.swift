#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The record of what a batch has finished: one line a photo, in the output folder.
///
/// A line holds the output's path below the folder, the input's size and time, a fingerprint of the
/// options, and the output's size and checksum, separated by tabs. Lines are only ever appended, each
/// with one write, so that several shards may share a folder.
final class BatchJournal: Sendable {
  static let name = ".efface-journal"

  struct Entry: Equatable {
    var inputSize: Int
    /// Nanoseconds since 1970.
    var inputModified: Int128
    var options: UInt64
    var outputSize: Int
    var outputChecksum: UInt64
  }

  private let descriptor: Int32
  private let path: String
  /// By the bytes of the path: strings that differ in bytes alone may be equal.
  ///
  /// Two batches that run at once both record a result, of which one is kept.
  private let finished: [[UInt8]: [Entry]]

  /// Opens the journal of a folder, and reads it.
  init(folder: String) throws(EditingError) {
    path = PathName.join(folder, Self.name)
    var finished: [[UInt8]: [Entry]] = [:]
    var isCutOff = false
    if FileSystem.status(path) != nil {
      // By bytes: a line's end may be one character with what is before it.
      let bytes = try FileSystem.read(path)
      isCutOff = !bytes.isEmpty && bytes.last != UInt8(ascii: "\n")
      for line in bytes.split(separator: UInt8(ascii: "\n")) {
        if let (name, entry) = Self.parse(String(decoding: line, as: UTF8.self)) {
          finished[Array(name.utf8), default: []].append(entry)
        }
      }
    }
    self.finished = finished
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .unwritable(name: path, reason: FileSystem.reason(errno))
    }
    // A line that was cut off must not swallow the next one.
    if isCutOff { try FileSystem.write([0x0A], to: descriptor, name: path) }
  }

  deinit { close(descriptor) }

  /// What is known of an output, from before this run.
  func entries(for relative: String) -> [Entry] { finished[Array(relative.utf8)] ?? [] }

  /// Records that an output is complete.
  func record(_ relative: String, _ entry: Entry) throws(EditingError) {
    let fields = [
      String(entry.inputSize), String(entry.inputModified), String(entry.options, radix: 16),
      String(entry.outputSize), String(entry.outputChecksum, radix: 16), Self.escaped(relative),
    ]
    try FileSystem.write(
      Array((fields.joined(separator: "\t") + "\n").utf8), to: descriptor, name: path)
  }

  private static func parse(_ line: String) -> (String, Entry)? {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
    guard fields.count == 6, let inputSize = Int(fields[0]), let modified = Int128(fields[1]),
      let options = UInt64(fields[2], radix: 16), let outputSize = Int(fields[3]),
      let checksum = UInt64(fields[4], radix: 16)
    else { return nil }
    return (
      unescaped(fields[5]),
      Entry(
        inputSize: inputSize, inputModified: modified, options: options, outputSize: outputSize,
        outputChecksum: checksum)
    )
  }

  private static func escaped(_ name: String) -> String {
    String(
      decoding: name.utf8.flatMap { byte -> [UInt8] in
        switch byte {
        case UInt8(ascii: "%"): Array("%25".utf8)
        case UInt8(ascii: "\n"): Array("%0A".utf8)
        case UInt8(ascii: "\r"): Array("%0D".utf8)
        case UInt8(ascii: "\t"): Array("%09".utf8)
        default: [byte]
        }
      }, as: UTF8.self)
  }

  private static func unescaped(_ name: Substring) -> String {
    String(name).replacing("%0A", with: "\n").replacing("%0D", with: "\r").replacing(
      "%09", with: "\t"
    ).replacing("%25", with: "%")
  }
}

/// A 64-bit checksum (FNV-1a over words of eight bytes): it tells a whole file from a damaged one, and
/// is no protection against malice.
func checksum(_ bytes: [UInt8]) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  var index = 0
  while index + 8 <= bytes.count {
    var word: UInt64 = 0
    for offset in 0..<8 { word |= UInt64(bytes[index + offset]) << (8 * UInt64(offset)) }
    hash = (hash ^ word) &* 0x100_0000_01b3
    hash ^= hash >> 32
    index += 8
  }
  while index < bytes.count {
    hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3
    index += 1
  }
  return hash
}
