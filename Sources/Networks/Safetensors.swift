import Tensors

/// A safetensors file: eight bytes of header length, the header (JSON), then the tensors' bytes.
///
/// Ours differ from the general format in one respect: weights, biases and scales start at multiples of 64
/// bytes of the file, so that they are used where they lie.
struct Safetensors: Sendable {
  struct Entry: Equatable, Sendable {
    let type: String
    let shape: [Int]
    let offset: Int
    let byteCount: Int
  }

  let bytes: ReadOnlyBytes
  let entries: [String: Entry]
  let metadata: [String: String]

  private static let sizes = ["I8": 1, "U8": 1, "U16": 2, "U32": 4, "I32": 4, "F32": 4]

  init(_ bytes: ReadOnlyBytes) throws(NetworkError) {
    guard bytes.isAligned(to: 64) else { throw .damagedFile("its memory is not aligned") }
    guard bytes.count >= 8 else { throw .damagedFile("it ends after \(bytes.count) bytes") }
    let raw = bytes.bytes
    var length: UInt64 = 0
    for index in 0..<8 {
      length |= UInt64(unsafe raw.unsafeLoad(fromByteOffset: index, as: UInt8.self)) << (8 * index)
    }
    guard length <= UInt64(bytes.count - 8) else {
      throw .damagedFile("its header has \(length) bytes and the file \(bytes.count)")
    }
    let start = 8 + Int(length)
    guard let header = ReadOnlyArray<UInt8>(bytes, offset: 8, count: Int(length)),
      let members = try JSON(header.span).object
    else { throw .damagedFile("its header is no JSON object") }

    var entries: [String: Entry] = [:]
    var metadata: [String: String] = [:]
    for (name, value) in members {
      if name == "__metadata__" {
        for (key, text) in value.object ?? [:] { metadata[key] = text.string }
        continue
      }
      entries[name] = try Self.entry(name, value, start: start, end: bytes.count)
    }
    var end = start
    let inOrder = entries.sorted {
      ($0.value.offset, $0.value.byteCount, $0.key) < ($1.value.offset, $1.value.byteCount, $1.key)
    }
    for (name, entry) in inOrder {
      guard entry.offset >= end else { throw .damagedFile("tensor '\(name)' overlaps another") }
      end = entry.offset + entry.byteCount
    }
    guard end == bytes.count else {
      throw .damagedFile("its tensors end at byte \(end) and the file at \(bytes.count)")
    }
    self.bytes = bytes
    self.entries = entries
    self.metadata = metadata
  }

  private static func entry(
    _ name: String, _ value: JSON, start: Int, end: Int
  ) throws(NetworkError) -> Entry {
    guard let type = value["dtype"]?.string, let size = sizes[type] else {
      throw .damagedFile("tensor '\(name)' has no known type")
    }
    var shape: [Int] = []
    var count = size
    for side in value["shape"]?.array ?? [.null] {
      guard let side = side.integer, side >= 0 else {
        throw .damagedFile("tensor '\(name)' has no shape")
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: side)
      guard !overflow else { throw .damagedFile("tensor '\(name)' is too large") }
      count = product
      shape.append(side)
    }
    let offsets = value["data_offsets"]?.array ?? []
    guard offsets.count == 2, let first = offsets[0].integer, let last = offsets[1].integer,
      first >= 0, first <= last, last <= end - start
    else { throw .damagedFile("tensor '\(name)' lies outside the file") }
    guard last - first == count else {
      throw .damagedFile("tensor '\(name)' has \(last - first) bytes instead of \(count)")
    }
    return Entry(type: type, shape: shape, offset: start + first, byteCount: count)
  }

  /// A tensor's elements in place; its offset must be a multiple of `alignment`.
  func array<Element: BitwiseCopyable>(
    _ name: String, type: String, shape: [Int?], of element: Element.Type, alignment: Int = 64
  ) throws(NetworkError) -> ReadOnlyArray<Element> {
    guard let entry = entries[name] else { throw .badGraph("tensor '\(name)' is missing") }
    let fits =
      entry.shape.count == shape.count
      && zip(entry.shape, shape).allSatisfy { $1 == nil || $0 == $1 }
    guard entry.type == type, fits else {
      throw .badGraph("tensor '\(name)' is \(entry.type) \(entry.shape): the graph cannot use it")
    }
    guard entry.offset % alignment == 0 || entry.byteCount == 0 else {
      throw .damagedFile("tensor '\(name)' is not aligned to \(alignment) bytes")
    }
    let count = entry.byteCount / MemoryLayout<Element>.stride
    guard let array = ReadOnlyArray<Element>(bytes, offset: entry.offset, count: count) else {
      throw .damagedFile("tensor '\(name)' lies outside the file")
    }
    return array
  }
}
