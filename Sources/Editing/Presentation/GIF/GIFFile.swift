/// Writes an animation as GIF89a (CompuServe 1990).
struct GIFFile {
  /// The whole file so far.
  private(set) var bytes: [UInt8] = Array("GIF89a".utf8)

  private let width: Int
  private let height: Int

  /// Begins a file that repeats for ever.
  ///
  /// - Precondition: The sides are 1 to 65535, and there are at most 256 colours.
  init(width: Int, height: Int, colors: [SIMD3<Int>]) {
    precondition(
      (1...0xFFFF).contains(width) && (1...0xFFFF).contains(height) && colors.count <= 256)
    self.width = width
    self.height = height
    append16(width)
    append16(height)
    // A global table of 256 colours, 8 bits a channel.
    bytes += [0xF7, 0, 0]
    for index in 0..<256 {
      let color = index < colors.count ? colors[index] : SIMD3()
      bytes += [UInt8(color.x), UInt8(color.y), UInt8(color.z)]
    }
    bytes += [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
  }

  /// Adds a frame that covers `columns` × `rows` of what is shown, and stays.
  ///
  /// - Parameters:
  ///   - numbers: The palette's numbers of the whole picture, row by row.
  ///   - centiseconds: How long the frame is shown.
  mutating func addFrame(
    _ numbers: [UInt8], columns: Range<Int>, rows: Range<Int>, centiseconds: Int
  ) {
    bytes += [0x21, 0xF9, 4, 0x04]
    append16(centiseconds)
    bytes += [0, 0, 0x2C]
    append16(columns.lowerBound)
    append16(rows.lowerBound)
    append16(columns.count)
    append16(rows.count)
    bytes += [0, 8]
    var coder = LZWCoder()
    for row in rows {
      coder.append(numbers[row * width + columns.lowerBound..<row * width + columns.upperBound])
    }
    let data = coder.finish()
    for start in stride(from: 0, to: data.count, by: 255) {
      let block = data[start..<min(start + 255, data.count)]
      bytes.append(UInt8(block.count))
      bytes += block
    }
    bytes.append(0)
  }

  /// Ends the file.
  mutating func finish() -> [UInt8] {
    bytes.append(0x3B)
    return bytes
  }

  private mutating func append16(_ value: Int) {
    bytes += [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF)]
  }
}

/// The variable-width LZW code of GIF (appendix F of its specification), for bytes.
private struct LZWCoder {
  private static let clear = 256
  private static let end = 257

  private var data: [UInt8] = []
  private var buffer = 0
  private var bits = 0
  private var width = 9
  private var next = 258
  /// The code of the longest known string that ends here; −1 at the beginning.
  private var prefix = -1
  /// Open addressing: `prefix << 8 | byte` of each known string, and its code.
  private var keys = [Int32](repeating: -1, count: 1 << 13)
  private var codes = [Int16](repeating: 0, count: 1 << 13)

  init() { write(Self.clear) }

  mutating func append(_ bytes: ArraySlice<UInt8>) {
    for byte in bytes {
      if prefix < 0 {
        prefix = Int(byte)
        continue
      }
      let key = Int32(prefix << 8 | Int(byte))
      var slot = (Int(key) &* 40503) >> 3 & 0x1FFF
      while keys[slot] != key, keys[slot] >= 0 { slot = (slot + 1) & 0x1FFF }
      if keys[slot] == key {
        prefix = Int(codes[slot])
        continue
      }
      write(prefix)
      prefix = Int(byte)
      if next < 4096 {
        keys[slot] = key
        codes[slot] = Int16(next)
        // The reader learns a string one code later: the first code of the new width may follow.
        if next == 1 << width { width += 1 }
        next += 1
      } else {
        write(Self.clear)
        for index in keys.indices { keys[index] = -1 }
        width = 9
        next = 258
      }
    }
  }

  mutating func finish() -> [UInt8] {
    if prefix >= 0 {
      write(prefix)
      if next < 4096, next == 1 << width { width += 1 }
    }
    write(Self.end)
    if bits > 0 { data.append(UInt8(buffer & 0xFF)) }
    return data
  }

  private mutating func write(_ code: Int) {
    buffer |= code << bits
    bits += width
    while bits >= 8 {
      data.append(UInt8(buffer & 0xFF))
      buffer >>= 8
      bits -= 8
    }
  }
}
