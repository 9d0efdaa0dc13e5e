import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

/// The built program, run as users run it.
struct Command {
  var status: Int32
  var output: Data
  var messages: String

  /// Standard output as text.
  var text: String { String(decoding: output, as: UTF8.self) }

  /// Standard output as a JSON object.
  func json() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
  }

  /// Every line of standard output as a JSON object.
  func lines() throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  /// Runs `efface` with these arguments in a folder.
  init(
    _ arguments: [String], in folder: Scratch, input: Data? = nil, output: FileHandle? = nil
  ) throws {
    try self.init(Self.program.path, arguments, in: folder, input: input, output: output)
  }

  /// Runs any program; its standard streams are files, so that no pipe can fill, unless its output is to go
  /// elsewhere.
  init(
    _ program: String, _ arguments: [String], in folder: Scratch, input: Data? = nil,
    output elsewhere: FileHandle? = nil
  ) throws {
    let side = try Scratch()
    let files = ["in", "out", "err"].map { URL(fileURLWithPath: side.path + "/" + $0) }
    for file in files { try Data().write(to: file) }
    if let input { try input.write(to: files[0]) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try elsewhere ?? FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    status = process.terminationStatus
    output = try Data(contentsOf: files[1])
    messages = try String(contentsOf: files[2], encoding: .utf8)
  }

  /// The program lies beside the tests' own.
  static let program: URL = {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let own = FileManager.default.fileExists(atPath: tests.path) ? tests : Bundle.main.bundleURL
    return own.deletingLastPathComponent().appendingPathComponent("efface")
  }()

  /// The path of a program of the system, if it is installed.
  static func installed(_ name: String) -> String? {
    ["/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"].map { $0 + name }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}

/// A folder that goes when the test is over.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("efface-command-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

  /// All files below, hidden ones too, but for a batch's journal.
  var names: [String] {
    let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return all.filter { name in
      var isFolder: ObjCBool = false
      _ = unsafe FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
      return !isFolder.boolValue && !name.hasSuffix(".efface-journal")
    }.sorted()
  }

  /// Writes a photo of soft stripes with a red spot in the middle.
  func addPhoto(_ name: String, width: Int = 96, height: Int = 64) throws {
    var pixels = Tensor<UInt8>(height: height, width: width, channels: 3, repeating: 0)
    for y in 0..<height {
      for x in 0..<width {
        let wave = UInt8(120 + (x * 5 + y * 3) % 40)
        let isSpot = abs(x - width / 2) < 8 && abs(y - height / 2) < 8
        pixels[y, x, 0] = isSpot ? 230 : wave
        pixels[y, x, 1] = isSpot ? 20 : wave - 20
        pixels[y, x, 2] = isSpot ? 20 : wave - 40
      }
    }
    let format: ImageFormat = name.hasSuffix(".png") ? .png : .jpeg
    try write(name, try encodeNew(pixels: pixels, format: format, quality: 92))
  }

  /// Writes a mask that is white on the middle of `addPhoto`'s picture.
  func addMask(_ name: String, width: Int = 96, height: Int = 64, radius: Int = 9) throws {
    var mask = Tensor<UInt8>(height: height, width: width, channels: 1, repeating: 0)
    for y in height / 2 - radius..<height / 2 + radius {
      for x in width / 2 - radius..<width / 2 + radius { mask[y, x] = 255 }
    }
    try write(name, try encodeNew(pixels: mask, format: .png))
  }
}
