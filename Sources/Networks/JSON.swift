/// A JSON value: what network files describe themselves with.
///
/// A strict reader of our own, because Foundation's decoder takes longer to start than a network takes
/// to run.
public enum JSON: Equatable, Sendable {
  /// Nothing.
  case null
  /// A truth value.
  case bool(Bool)
  /// A number; whole numbers up to 2^53 are exact.
  case number(Double)
  /// Text.
  case string(String)
  /// A list.
  case array([JSON])
  /// Named values.
  case object([String: JSON])

  /// Reads one value that fills the bytes.
  ///
  /// - Throws: `NetworkError.damagedText`.
  public init(_ bytes: Span<UInt8>) throws(NetworkError) {
    var reader = JSONReader(bytes: bytes)
    self = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.failure("text after the value") }
  }

  /// The value of a member, where this is an object that has it.
  public subscript(name: String) -> JSON? {
    if case .object(let members) = self { return members[name] }
    return nil
  }

  /// The text, where this is text.
  public var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// The number, where this is one.
  public var number: Double? {
    if case .number(let number) = self { return number }
    return nil
  }

  /// The number, where this is a whole one that is exact.
  public var integer: Int? {
    guard case .number(let number) = self, abs(number) <= 0x1p53 else { return nil }
    return Int(exactly: number)
  }

  /// The list, where this is one.
  public var array: [JSON]? {
    if case .array(let elements) = self { return elements }
    return nil
  }

  /// The named values, where this is an object.
  public var object: [String: JSON]? {
    if case .object(let members) = self { return members }
    return nil
  }
}

private struct JSONReader: ~Escapable {
  let bytes: Span<UInt8>
  var position = 0

  @_lifetime(copy bytes)
  init(bytes: Span<UInt8>) { self.bytes = bytes }

  func failure(_ reason: String) -> NetworkError {
    .damagedText(reason, position: position)
  }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  @_lifetime(self: copy self)
  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  @_lifetime(self: copy self)
  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  @_lifetime(self: copy self)
  mutating func word(_ word: StaticString, _ value: JSON) throws(NetworkError) -> JSON {
    for byte in "\(word)".utf8 where !take(byte) { throw failure("an unknown word") }
    return value
  }

  @_lifetime(self: copy self)
  mutating func value(depth: Int) throws(NetworkError) -> JSON {
    guard depth < 64 else { throw failure("too many levels") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  @_lifetime(self: copy self)
  mutating func object(depth: Int) throws(NetworkError) -> JSON {
    position += 1
    var members: [String: JSON] = [:]
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure("a name is missing") }
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw failure("a colon is missing") }
      guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
        throw failure("'\(name)' twice")
      }
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw failure("a comma is missing") }
    }
  }

  @_lifetime(self: copy self)
  mutating func array(depth: Int) throws(NetworkError) -> JSON {
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw failure("a comma is missing") }
    }
  }

  @_lifetime(self: copy self)
  mutating func string() throws(NetworkError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure("text that is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw failure("a control character in text")
      default: text.append(byte)
      }
    }
    throw failure("unfinished text")
  }

  @_lifetime(self: copy self)
  mutating func escape(into text: inout [UInt8]) throws(NetworkError) {
    guard let byte = next else { throw failure("unfinished text") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code) {
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
          throw failure("half a character")
        }
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half a character") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half a character") }
      text.append(contentsOf: String(Character(scalar)).utf8)
    default: throw failure("an unknown escape")
    }
  }

  @_lifetime(self: copy self)
  mutating func hexadecimal() throws(NetworkError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("an unknown escape")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  @_lifetime(self: copy self)
  mutating func number() throws(NetworkError) -> JSON {
    let start = position
    var text = ""
    var isWhole = true
    var whole = 0
    loop: while let byte = next {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if position - start < 15 { whole = whole * 10 + Int(byte - UInt8(ascii: "0")) }
      case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"),
        UInt8(ascii: "E"):
        isWhole = false
      default: break loop
      }
      position += 1
    }
    // Most numbers of a network file are short whole ones.
    if isWhole && position > start && position - start <= 15 { return .number(Double(whole)) }
    for index in start..<position { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
    guard let number = Double(text), number.isFinite else { throw failure("not a value") }
    return .number(number)
  }
}
