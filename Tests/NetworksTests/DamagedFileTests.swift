import Tensors
import Testing

@testable import Networks

/// A damaged network file is refused with an error that says why, or is harmless; nothing crashes.
@Suite struct DamagedFileTests {
  @Test(arguments: ["residual", "mobile"])
  func isRefusedWhereverItIsCut(name: String) throws {
    let whole = try Fixture.bytes(name, extension: "safetensors")
    for length in Array(stride(from: 0, to: whole.count, by: 613)) + [7, 8, 9, whole.count - 1] {
      let error = failure(Array(whole[..<length]))
      #expect(error != nil, "cut to \(length) bytes")
    }
    #expect(failure(whole) == nil)
    #expect(failure(whole + [0]) != nil, "a byte too many")
  }

  @Test(arguments: ["residual", "mobile"], [UInt8(1), 2, 8, 0x40, 0xFF])
  func neverCrashesWhereABitIsFlipped(name: String, flip: UInt8) throws {
    let whole = try Fixture.bytes(name, extension: "safetensors")
    let headerEnd = 8 + headerLength(whole)
    let inHeader = Array(stride(from: Int(flip) % 7, to: headerEnd, by: 13))
    let inData = Array(stride(from: headerEnd + Int(flip) % 11, to: whole.count, by: 397))
    for position in inHeader + inData {
      var bytes = whole
      bytes[position] ^= flip
      guard let network = try? Network(copying: bytes.span) else { continue }
      // What is accepted must run.
      for graph in ["main", "prompt"] where network.hasGraph(graph) {
        let side = 16
        guard let session = try? GraphSession(network, graph: graph, height: side, width: side)
        else { continue }
        session.run()
        _ = try? session.output()
      }
    }
  }

  @Test func refusesAHeaderOfImpossibleLength() throws {
    var bytes = try Fixture.bytes("residual", extension: "safetensors")
    for length: UInt64 in [0, 1, UInt64(bytes.count - 7), 1 << 40, .max] {
      for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
      #expect(failure(bytes) != nil, "length \(length)")
    }
  }

  /// A change to the header's text, the error it must give, and a part of that error's message.
  static let changes: [(from: String, to: String, message: String)] = [
    (#""dtype":"I8","shape":[288,16,4]"#, #""dtype":"I8","shape":[144,32,4]"#, "cannot use"),
    (#""dtype":"I8","shape":[288,16,4]"#, #""dtype":"I8","shape":[288,16,5]"#, "bytes instead of"),
    (#""dtype":"I8","shape":[288,16,4]"#, #""dtype":"U8","shape":[288,16,4]"#, "cannot use"),
    (#""dtype":"I8","shape":[288,16,4]"#, #""dtype":"Q8","shape":[288,16,4]"#, "no known type"),
    (#""shape":[288,16,4]"#, #""shape":[-288,-16,4]"#, "no shape"),
    (
      #""shape":[288,16,4]"#, #""shape":[9007199254740991,9007199254740991,4]"#, "too large"
    ),
    (#""data_offsets":[0,18432]"#, #""data_offsets":[64,18496]"#, "overlaps"),
    (#""data_offsets":[0,18432]"#, #""data_offsets":[0,99999999]"#, "outside the file"),
    (#""data_offsets":[0,18432]"#, #""data_offsets":[18432,0]"#, "outside the file"),
    (#""data_offsets":[0,18432]"#, #""data_offsets":[0.5,18432]"#, "outside the file"),
    ("stem.columns", "stem.colemns", "'stem.columns' is missing"),
    (#"\"format_version\":1"#, #"\"format_version\":2"#, "newer"),
    (#"\"op\":\"mean\""#, #"\"op\":\"sort\""#, "unknown operation"),
    // A cycle: the first node would read the last one's output.
    (
      #"\"name\":\"stem\",\"input\":\"image\""#, #"\"name\":\"stem\",\"input\":\"head\""#,
      "not made before it"
    ),
    (
      #"\"name\":\"stem\",\"input\":\"image\""#, #"\"name\":\"stem\",\"input\":\"nobody\""#,
      "among the values"
    ),
    (
      #"\"input\":\"stem\",\"output\":\"first\""#, #"\"input\":\"stem\",\"output\":\"stem\""#,
      "made twice"
    ),
    (#"\"kernel\":3"#, #"\"kernel\":9"#, "kernel"),
    (#"\"stride\":2"#, #"\"stride\":3"#, "stride"),
    (#"\"hi\":255"#, #"\"hi\":256"#, "range"),
    (#"\"zero_point\":128"#, #"\"zero_point\":300"#, "zero point"),
    (#"\"b_mode\":\"broadcast\""#, #"\"b_mode\":\"sideways\""#, "unknown way"),
    (#"\"outputs\":[\"fill\"]"#, #"\"outputs\":[\"gone\"]"#, "not made by it"),
    (#"\"unshuffle\":4"#, #"\"unshuffle\":5"#, "does not fit"),
  ]

  @Test(arguments: changes)
  func refusesADescriptionThatMakesNoSense(
    change: (from: String, to: String, message: String)
  ) throws {
    let whole = try Fixture.bytes("residual", extension: "safetensors")
    let length = headerLength(whole)
    let header = String(decoding: whole[8..<8 + length], as: UTF8.self)
    var changed = header.replacing(
      change.from, with: change.to, maxReplacements: 1)
    try #require(changed != header, "the fixture's header has no \(change.from)")
    // Tensors must stay aligned: the header is padded with spaces, as the exporter pads it.
    while (8 + changed.utf8.count) % 64 != 0 { changed += " " }
    let error = try #require(failure(rebuilt(changed, data: whole[(8 + length)...])))
    #expect(error.description.contains(change.message), "\(error)")
  }

  @Test func refusesWeightsOffTheirPlace() throws {
    let whole = try Fixture.bytes("residual", extension: "safetensors")
    let length = headerLength(whole)
    let header = String(decoding: whole[8..<8 + length], as: UTF8.self)
    let error = try #require(failure(rebuilt(header + "    ", data: whole[(8 + length)...])))
    #expect(error.description.contains("not aligned to 64"), "\(error)")
  }

  private func headerLength(_ bytes: [UInt8]) -> Int {
    (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
  }

  private func rebuilt(_ header: String, data: ArraySlice<UInt8>) -> [UInt8] {
    let length = header.utf8.count
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8) + data
  }

  private func failure(_ bytes: [UInt8]) -> NetworkError? {
    do {
      _ = try Network(copying: bytes.span)
      return nil
    } catch {
      return error
    }
  }
}

@Suite struct JSONTests {
  private func read(_ text: String) -> JSON? {
    let bytes = Array(text.utf8)
    return try? JSON(bytes.span)
  }

  @Test func readsEveryKindOfValue() {
    let json = read(#" {"a": [1, -2.5, 1e3, 123456789012345680], "b": {"c": null}, "d": true} "#)
    #expect(json?["a"]?.array?.compactMap(\.number) == [1, -2.5, 1000, 123_456_789_012_345_680])
    #expect(json?["b"]?["c"] == .null)
    #expect(json?["d"] == .bool(true))
    #expect(read(#""\u00e9\ud83d\ude00\n\/""#)?.string == "é😀\n/")
    #expect(read("[]") == .array([]) && read("{}") == .object([:]))
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1,", "[1 2]", #"{"a"}"#, #"{"a":1,"a":2}"#, "tru", "nul", "1x", "--1",
    #""a"#, #""\x""#, #""\ud800""#, "\"\u{1}\"", "[1] 2", "1e999", "nan", "0x10",
    String(repeating: "[", count: 100_000),
  ])
  func refuses(text: String) {
    #expect(read(text) == nil)
  }
}

@Suite struct EmbeddedNetworkTests {
  @Test(arguments: Network.Embedded.allCases)
  func loadsAndRuns(which: Network.Embedded) throws {
    let network = try Network.embedded(which)
    #expect(!network.name.isEmpty && network.fileSize > 0)
    let side = max(64, network.multiple)
    let session = try GraphSession(network, height: side, width: side, threads: 2)
    session.run()
    let output = try session.output()
    let span = output.span
    #expect(span.count > 0)
    #expect(span.indices.allSatisfy { span[$0].isFinite })
  }
}
