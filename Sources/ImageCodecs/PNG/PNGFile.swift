internal import CImageCodecs
internal import Photos

/// The chunks of a PNG file, found without decoding.
struct PNGFile {
  /// The eight bytes that every PNG begins with.
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// A chunk in the file.
  struct Chunk: Equatable {
    /// The four letters.
    var type: String
    /// The whole of it: length, type, contents and checksum.
    var range: Range<Int>

    /// Where the contents are.
    var contents: Range<Int> { range.lowerBound + 8..<range.upperBound - 4 }

    /// Whether it is no part of the picture, but made for these very samples: a first letter that is small and a
    /// fourth that is not, by the standard's section 5.4.
    var dependsOnTheSamples: Bool {
      let letters = Array(type.utf8)
      return letters[0] & 32 != 0 && letters[3] & 32 == 0
    }
  }

  /// Every chunk up to IEND, in order.
  var chunks: [Chunk] = []
  /// The frame, as IHDR has it.
  var info: efi_png_info
  /// The palette's RGB triples, as many as an index can name.
  var palette: [UInt8] = []
  /// Whether PLTE holds more colours than that.
  var isPaletteCut = false
  /// The contents of tRNS.
  var transparency: [UInt8] = []
  /// The palette index that bKGD names.
  var background: UInt8?
  /// The contents of sBIT.
  var significantBits: [UInt8]?
  /// What libpng needs to see before and behind a chunk of text; of any number of texts, found once.
  private var aroundText: (before: [efi_range], behind: [efi_range]) = ([], [])

  /// Finds the chunks, and checks that the file is whole and the frame allowed.
  init(_ bytes: [UInt8]) throws(CodecError) {
    func number(_ at: Int) -> Int {
      bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    guard bytes.count >= 8 else { throw .truncated(.png) }
    var position = 8
    var ended = false
    while !ended {
      guard position + 12 <= bytes.count else { throw .truncated(.png) }
      let length = number(position)
      guard length <= 0x7FFF_FFFF else {
        throw .corrupt(.png, detail: "a chunk has an impossible length")
      }
      guard position + 12 + length <= bytes.count else { throw .truncated(.png) }
      let name = bytes[position + 4..<position + 8]
      guard name.allSatisfy({ (65...90).contains($0) || (97...122).contains($0) }) else {
        throw .corrupt(.png, detail: "a chunk has an impossible name")
      }
      let chunk = Chunk(
        type: String(decoding: name, as: UTF8.self), range: position..<position + 12 + length)
      chunks.append(chunk)
      position = chunk.range.upperBound
      ended = chunk.type == "IEND"
    }
    guard let header = chunks.first, header.type == "IHDR", header.contents.count == 13 else {
      throw .corrupt(.png, detail: "the header is missing")
    }
    let start = header.contents.lowerBound
    info = efi_png_info(
      width: UInt32(number(start)), height: UInt32(number(start + 4)),
      depth: Int32(bytes[start + 8]), color_type: Int32(bytes[start + 9]),
      interlaced: bytes[start + 12] == 1)
    let depths: [Int32] =
      switch info.color_type {
      case 0: [1, 2, 4, 8, 16]
      case 3: [1, 2, 4, 8]
      case 2, 4, 6: [8, 16]
      default: []
      }
    guard depths.contains(info.depth), bytes[start + 10] == 0, bytes[start + 11] == 0,
      bytes[start + 12] <= 1, info.width > 0, info.height > 0
    else { throw .corrupt(.png, detail: "the header holds impossible values") }
    for chunk in chunks {
      if chunk.type == "PLTE" { palette = Array(bytes[chunk.contents]) }
      if chunk.type == "tRNS" { transparency = Array(bytes[chunk.contents]) }
      if chunk.type == "bKGD" { background = bytes[chunk.contents].first }
      if chunk.type == "sBIT" { significantBits = Array(bytes[chunk.contents]) }
    }
    if info.color_type == 3 {
      if palette.isEmpty || palette.count % 3 != 0 || palette.count > 768 {
        throw .corrupt(.png, detail: "the palette is missing or has an impossible size")
      }
      // libpng, too, leaves out colours without an index, and a tRNS of more alphas than colours.
      isPaletteCut = palette.count > 3 << info.depth
      palette = Array(palette.prefix(3 << info.depth))
      if transparency.count > palette.count / 3 { transparency = [] }
    }
    // Deflate cannot shrink more than 1032 times: less data than that cannot hold the picture.
    let coded = chunks.reduce(0) { $1.type == "IDAT" ? $0 + $1.contents.count : $0 }
    // What it takes at the least; what is decoded, and to which samples, decides on more.
    try SizeLimits.check(width: width, height: height, bytesPerPixel: 4, fileBytes: bytes.count)
    let smallest = (width * channels * Int(info.depth) / 8) * height
    if coded == 0 || smallest / 1032 > coded { throw .truncated(.png) }
    // libpng stops at the first of the data, and refuses a second header or palette whatever follows it.
    aroundText = (
      Array(ranges { ["IHDR", "PLTE"].contains($0.type) }.prefix(4)),
      Array(ranges { $0.type == "IDAT" }[1...1])
    )
  }

  /// Columns.
  var width: Int { Int(info.width) }
  /// Rows.
  var height: Int { Int(info.height) }
  /// Samples a pixel.
  var channels: Int {
    switch info.color_type {
    case 2: 3
    case 4: 2
    case 6: 4
    default: 1
    }
  }
  /// What an edit of 16-bit samples holds of each pixel at its peak, in bytes: the photo in 8 bits and in 16, the
  /// mask, and the file's own samples.
  var deepBytesPerPixel: Int { 3 + 6 + 1 + 2 * channels }
  /// Where the file should end: behind IEND.
  var end: Int { chunks.last?.range.upperBound ?? 0 }
  /// Whether pixels may be transparent.
  var hasAlpha: Bool { info.color_type >= 4 || !transparency.isEmpty }

  /// What libpng gets to see: the signature and the chunks that it needs for the pixels.
  var criticalRanges: [efi_range] {
    ranges { ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].contains($0.type) }
  }

  private func ranges(where isShown: (Chunk) -> Bool) -> [efi_range] {
    [efi_range(offset: 0, count: 8)]
      + chunks.filter(isShown).map {
        efi_range(offset: $0.range.lowerBound, count: $0.range.count)
      }
  }

  /// The colour profile, unpacked; nil without one, or where libpng finds fault with it.
  func profile(in bytes: [UInt8]) -> [UInt8]? {
    guard chunks.contains(where: { $0.type == "iCCP" }) else { return nil }
    return unsafe unpacked(
      ranges { ["IHDR", "PLTE", "iCCP", "IDAT", "IEND"].contains($0.type) }, bytes,
      by: efi_png_read_profile)
  }

  /// A text chunk's text, unpacked; nil for one that libpng finds fault with.
  func text(of chunk: Chunk, in bytes: [UInt8]) -> [UInt8]? {
    // Chunks of text may stand behind the picture's data, where libpng would not look in time.
    let own = efi_range(offset: chunk.range.lowerBound, count: chunk.range.count)
    return unsafe unpacked(
      aroundText.before + [own] + aroundText.behind, bytes, by: efi_png_read_text)
  }

  /// A chunk's contents, the text in them not compressed; nil where libpng finds fault with it.
  func plainContents(of chunk: Chunk, in bytes: [UInt8]) -> [UInt8]? {
    let contents = bytes[chunk.contents]
    guard ["iTXt", "zTXt"].contains(chunk.type), let keyword = contents.firstIndex(of: 0) else {
      return Array(contents)
    }
    if chunk.type == "zTXt" { return text(of: chunk, in: bytes).map { contents[...keyword] + $0 } }
    guard keyword + 1 < contents.endIndex, contents[keyword + 1] != 0 else {
      return Array(contents)
    }
    guard let head = Self.plainHead(contents), let text = text(of: chunk, in: bytes) else {
      return nil
    }
    return head + text
  }

  /// What comes before the text in an iTXt chunk's contents when that is not compressed; nil where it has no end.
  static func plainHead(_ contents: ArraySlice<UInt8>) -> [UInt8]? {
    // Behind the keyword: two bytes on compression, a language and the translated keyword.
    guard let keyword = contents.firstIndex(of: 0), keyword + 2 < contents.endIndex,
      let language = contents[(keyword + 3)...].firstIndex(of: 0),
      let translation = contents[(language + 1)...].firstIndex(of: 0)
    else { return nil }
    return contents[...keyword] + [0, 0] + contents[(keyword + 3)...translation]
  }

  /// The contents of a zTXt chunk; nil where libpng finds fault with the keyword.
  static func packedText(_ keyword: [UInt8], _ text: [UInt8]) -> [UInt8]? {
    let key = (keyword + [0]).map { CChar(bitPattern: $0) }
    let value = (text + [0]).map { CChar(bitPattern: $0) }
    return try? unsafe Library.write(.png) { output, failure in
      unsafe efi_png_pack_text(key, value, output, failure)
    } collect: {
      unsafe Array($0)
    }
  }

  private func unpacked(
    _ ranges: [efi_range], _ bytes: [UInt8],
    by read: (
      UnsafePointer<UInt8>?, UnsafePointer<efi_range>?, Int32, UnsafeMutablePointer<efi_buffer>?,
      UnsafeMutablePointer<efi_failure>?
    ) -> efi_code
  ) -> [UInt8]? {
    let result = try? unsafe Library.write(.png) { output, failure in
      unsafe read(bytes, ranges, Int32(ranges.count), output, failure)
    } collect: {
      unsafe Array($0)
    }
    return result.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The orientation that an eXIf chunk tells, upright without one.
  func orientation(in bytes: [UInt8]) -> Orientation {
    chunks.first { $0.type == "eXIf" }.flatMap { TIFFData(bytes[$0.contents]) }?.orientation
      ?? .up
  }
}
