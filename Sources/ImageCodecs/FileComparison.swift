internal import CImageCodecs
public import Photos
internal import Tensors

/// What differs between two files of the same picture: the proof that an edit left the rest alone.
public struct FileComparison: Sendable, Equatable {
  /// A part of the files besides the picture's data.
  public struct MetadataChange: Sendable, Equatable, CustomStringConvertible {
    /// What became of it.
    public enum Kind: String, Sendable {
      /// Only the second file has it.
      case added
      /// Only the first file has it.
      case removed
      /// Both have it, with other contents.
      case changed
    }

    /// What became of it.
    public let kind: Kind
    /// Its name: a field's, like `EXIF IFD1 thumbnail` or `XMP xmpMM:History`, or else that of the
    /// segment or chunk, like `APP2 ICC profile` or `pHYs`.
    public let name: String

    /// The change in a few words.
    public var description: String { "\(name) \(kind.rawValue)" }
  }

  /// Counts of 8 × 8 blocks of coefficients.
  public struct Blocks: Sendable, Equatable {
    /// In each file.
    public let total: Int
    /// With other coefficients.
    public let differing: Int
    /// With other coefficients, and not touched by the mask.
    public let outsideMask: Int
    /// Coefficients that differ, of the 64 in each block.
    public let differingCoefficients: Int
  }

  /// Pixels in each file.
  public let pixels: Int
  /// Pixels with other samples: the PNGs' own, alpha too, when both have the same type; RGB of JPEGs; else
  /// RGB and alpha in the deeper depth, where a file without alpha is opaque.
  public let differing: Int
  /// Those of them where the mask is 0.
  public let differingOutsideMask: Int
  /// The box around the pixels that differ, stored orientation; nil when none does.
  public let box: Rectangle?
  /// JPEG with the same tables and sampling: the coefficients.
  public let blocks: Blocks?
  /// Metadata segments and chunks that differ.
  public let metadata: [MetadataChange]

  /// Whether nothing outside the mask differs: for JPEG by coefficients, for PNG by samples.
  public var isUntouchedOutsideMask: Bool {
    blocks.map { $0.outsideMask == 0 } ?? (differingOutsideMask == 0)
  }
}

/// Compares two files of the same picture, before and after an edit.
///
/// - Parameters:
///   - before: The file before, decoded; its pixels as they were.
///   - after: The file after, likewise.
///   - mask: What may differ, in stored orientation; all 0 when nothing may.
/// - Precondition: Both and the mask are of one size, as stored.
/// - Throws: An error of reading either.
public func compareFiles(
  _ before: borrowing DecodedPhoto, _ after: borrowing DecodedPhoto, mask: borrowing Mask
) throws(CodecError) -> FileComparison {
  let (width, height) = (before.photo.width, before.photo.height)
  precondition(after.photo.width == width && after.photo.height == height)
  precondition(mask.width == width && mask.height == height)
  let (first, second) = (before.source.bytes, after.source.bytes)
  var count: PixelCount
  var blocks: FileComparison.Blocks?
  switch (before.source.format, after.source.format) {
  case (.jpeg, .jpeg):
    count = PixelCount(before.photo.pixels, after.photo.pixels, mask)
    var difference = efi_jpeg_difference()
    try unsafe mask.values.withUnsafeBufferPointer { values throws(CodecError) in
      let base = values.baseAddress
      try unsafe Library.read(.jpeg) { failure in
        unsafe efi_jpeg_compare(
          first, first.count, second, second.count, base, &difference, failure)
      }
    }
    if difference.comparable {
      blocks = FileComparison.Blocks(
        total: Int(difference.blocks), differing: Int(difference.differing),
        outsideMask: Int(difference.outside),
        differingCoefficients: Int(difference.coefficients))
    }
  case (.png, .png):
    let (a, b) = (try PNGFile(first), try PNGFile(second))
    if a.info.color_type == b.info.color_type, a.info.depth == b.info.depth,
      b.palette.starts(with: a.palette), a.transparency == b.transparency
    {
      let channels = a.channels * (a.info.depth == 16 ? 2 : 1)
      count = PixelCount(
        try samples(of: a, in: first, layout: EFI_PNG_NATIVE, channels: channels),
        try samples(of: b, in: second, layout: EFI_PNG_NATIVE, channels: channels), mask)
    } else {
      count = PixelCount(try deepSamples(of: before), try deepSamples(of: after), mask)
    }
  default:
    count = PixelCount(try deepSamples(of: before), try deepSamples(of: after), mask)
  }
  return FileComparison(
    pixels: width * height, differing: count.differing, differingOutsideMask: count.outside,
    box: count.box, blocks: blocks,
    metadata: metadataChanges(
      try parts(first, before.source.format), try parts(second, after.source.format)))
}

/// RGB and alpha of any file in 16 bits, as bytes, high ones first.
private func deepSamples(of decoded: borrowing DecodedPhoto) throws(CodecError) -> Tensor<UInt8> {
  let bytes = decoded.source.bytes
  if decoded.source.format == .png {
    return try samples(of: try PNGFile(bytes), in: bytes, layout: EFI_PNG_RGBA16, channels: 8)
  }
  let (width, height) = (decoded.photo.width, decoded.photo.height)
  try SizeLimits.check(
    width: width, height: height, bytesPerPixel: 12, fileBytes: bytes.count)
  var deep = Tensor<UInt8>(height: height, width: width, channels: 8, repeating: 255)
  let from = decoded.photo.pixels.span
  var to = deep.mutableSpan
  for pixel in 0..<width * height {
    for c in 0..<3 {
      to[8 * pixel + 2 * c] = from[3 * pixel + c]
      to[8 * pixel + 2 * c + 1] = from[3 * pixel + c]
    }
  }
  return deep
}

/// Pixels that differ between two pictures of the same size.
private struct PixelCount {
  var differing = 0
  var outside = 0
  var box: Rectangle?

  init(_ a: borrowing Tensor<UInt8>, _ b: borrowing Tensor<UInt8>, _ mask: borrowing Mask) {
    let (one, two, allowed) = (a.span, b.span, mask.values.span)
    let channels = a.channels
    var (left, top, right, bottom) = (a.width, a.height, 0, 0)
    for y in 0..<a.height {
      for x in 0..<a.width {
        let pixel = y * a.width + x
        var same = true
        for i in pixel * channels..<(pixel + 1) * channels where one[i] != two[i] { same = false }
        if same { continue }
        differing += 1
        if allowed[pixel] == 0 { outside += 1 }
        (left, right) = (min(left, x), max(right, x + 1))
        (top, bottom) = (min(top, y), max(bottom, y + 1))
      }
    }
    if differing > 0 {
      box = Rectangle(x: left, y: top, width: right - left, height: bottom - top)
    }
  }
}

/// A named part of a file besides the picture's data.
private struct Part: Hashable {
  var name: String
  var contents: ArraySlice<UInt8>
  /// Reads the fields: only those of parts that differ are wanted, and they may be large.
  var fields: () -> [MetadataField] = { [] }

  static func == (a: Part, b: Part) -> Bool { a.name == b.name && a.contents == b.contents }

  func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(contents)
  }
}

private func parts(_ bytes: [UInt8], _ format: ImageFormat) throws(CodecError) -> [Part] {
  var parts: [Part]
  let end: Int
  switch format {
  case .jpeg:
    let file = JPEGFile(bytes)
    end = file.end
    parts = file.segments.filter(\.isMetadata).map {
      let contents = bytes[$0.contents]
      return Part(
        name: JPEGMetadata.name(of: $0, in: bytes), contents: contents,
        fields: { MetadataFields.ofSegment(contents) })
    }
  case .png:
    let file = try PNGFile(bytes)
    end = file.end
    parts = file.chunks.filter { $0.type != "IDAT" && $0.type != "IEND" }.map { chunk in
      let contents = bytes[chunk.contents]
      return Part(name: chunk.type, contents: contents) {
        let plain = file.plainContents(of: chunk, in: bytes)
        return MetadataFields.ofChunk(chunk.type, plain?[...] ?? contents)
      }
    }
  }
  if end < bytes.count {
    parts.append(Part(name: "data behind the picture", contents: bytes[end...]))
  }
  return parts
}

/// Matches parts by name and order, and in those that differ the fields.
private func metadataChanges(_ a: [Part], _ b: [Part]) -> [FileComparison.MetadataChange] {
  var changes: [FileComparison.MetadataChange] = []
  let unchanged = Set(a)
  var same = Places(of: b.enumerated().map { ($1, $0) })
  var others = Places(of: b.enumerated().filter { !unchanged.contains($1) }.map { ($1.name, $0) })
  var left = Set(b.indices)
  for part in a {
    if let index = same.next(of: part) {
      left.remove(index)
    } else if let index = others.next(of: part.name) {
      left.remove(index)
      changes += fieldChanges(part, b[index])
    } else {
      changes += all(part, .removed)
    }
  }
  return changes + left.sorted().flatMap { all(b[$0], .added) }
}

/// What became of a part's fields; the part itself has changed where no field tells.
private func fieldChanges(_ a: Part, _ b: Part) -> [FileComparison.MetadataChange] {
  var changes: [FileComparison.MetadataChange] = []
  let (before, after) = (a.fields(), b.fields())
  var places = Places(of: after.enumerated().map { ($1.name, $0) })
  var left = Set(after.indices)
  for field in before {
    if let index = places.next(of: field.name) {
      left.remove(index)
      if after[index] != field { changes.append(.init(kind: .changed, name: field.name)) }
    } else {
      changes.append(.init(kind: .removed, name: field.name))
    }
  }
  changes += left.sorted().map { .init(kind: .added, name: after[$0].name) }
  return changes.isEmpty ? [.init(kind: .changed, name: a.name)] : changes
}

/// Where each of many things is, to be taken one after the other: files may hold millions.
private struct Places<Key: Hashable> {
  private var left: [Key: ArraySlice<Int>]

  init(of places: [(Key, Int)]) {
    left = Dictionary(grouping: places, by: \.0).mapValues { $0.map(\.1)[...] }
  }

  /// The first place that was not taken yet.
  mutating func next(of key: Key) -> Int? { left[key]?.popFirst() }
}

private func all(
  _ part: Part, _ kind: FileComparison.MetadataChange.Kind
) -> [FileComparison.MetadataChange] {
  let fields = part.fields()
  return fields.isEmpty
    ? [.init(kind: kind, name: part.name)] : fields.map { .init(kind: kind, name: $0.name) }
}
