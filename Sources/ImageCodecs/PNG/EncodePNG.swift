internal import CImageCodecs
internal import Photos
internal import Tensors

/// Writes an edited photo over its PNG.
func encodePNG(
  _ photo: borrowing Photo, changed: borrowing Mask, over source: SourceImage,
  options: EncodingOptions
) throws(CodecError) -> EncodedPhoto {
  let file = try PNGFile(source.bytes)
  var result = EncodedPhoto(bytes: [])
  var output = PNGOutput(file)
  let sourceCount = file.chunks.reduce(0) { $1.type == "IDAT" ? $0 + $1.range.count : $0 }
  if file.info.color_type == 2, file.info.depth == 8, file.transparency.isEmpty {
    // The working pixels are the file's samples.
    try unsafe photo.pixels.withUnsafeBufferPointer { samples throws(CodecError) in
      try unsafe output.encode(samples, sourceCount: sourceCount)
    }
  } else {
    let bytesPerPixel = file.channels * (file.info.depth == 16 ? 2 : 1)
    var native = try samples(
      of: file, in: source.bytes, layout: EFI_PNG_NATIVE, channels: bytesPerPixel)
    if file.info.color_type == 3 {
      var palette = PNGPalette(file)
      if palette.fill(&native, from: photo, where: changed) {
        output.take(palette)
        if file.isPaletteCut { result.notes.append("palette colours without an index dropped") }
        if output.info.depth != file.info.depth {
          result.notes.append(
            "palette indices became \(output.info.depth) bits to hold the fill's colours")
        }
      } else {
        native = palette.expanded(native, with: photo)
        output.promote(palette)
        result.notes.append(
          "palette became \(palette.isOpaque ? "RGB" : "RGB and alpha") to hold the fill")
      }
    } else {
      PNGSamples(file).fill(&native, from: photo, where: changed)
    }
    try unsafe native.withUnsafeBufferPointer { samples throws(CodecError) in
      try unsafe output.encode(samples, sourceCount: sourceCount)
    }
  }
  let metadata = PNGMetadata(of: file, in: source.bytes, photo: photo, options: options)
  result.notes += metadata.notes.all
  result.bytes = output.file(over: source.bytes, chunks: file.chunks, metadata: metadata)
  return result
}

/// The parts of a PNG that an edit writes anew.
struct PNGOutput {
  /// The frame to write.
  var info: efi_png_info
  /// The palette to write, RGB triples.
  var palette: [UInt8]
  /// Contents that take the place of chunks of the source; nil drops the chunk.
  var replaced: [String: [UInt8]?] = [:]
  /// The IDAT chunks, whole.
  var coded: [UInt8] = []

  init(_ file: PNGFile) {
    info = file.info
    palette = file.palette
  }

  /// Takes a palette that may have changed.
  mutating func take(_ palette: PNGPalette) {
    guard palette.hasChanged else { return }
    self.palette = palette.colors
    let count = palette.colors.count / 3
    if count > 1 << info.depth {
      info.depth = count <= 4 ? 2 : count <= 16 ? 4 : 8
    }
    replaced["PLTE"] = palette.colors
    // What did not fit the old palette must not come to fit the new one.
    replaced["tRNS"] = .some(palette.isOpaque ? nil : palette.trimmedAlpha)
    if palette.backgroundColor == nil { replaced["bKGD"] = .some(nil) }
    replaced["hIST"] = .some(nil)
  }

  /// Leaves the palette for RGB samples, with alpha where the palette has it.
  mutating func promote(_ palette: PNGPalette) {
    info.depth = 8
    info.color_type = palette.isOpaque ? 2 : 6
    for type in ["PLTE", "tRNS", "hIST"] { replaced[type] = .some(nil) }
    replaced["bKGD"] = .some(palette.backgroundColor?.flatMap { [0, $0] })
    if !palette.isOpaque, let bits = palette.significantBits {
      replaced["sBIT"] = bits + [8]
    }
  }

  /// Encodes samples in the wall's native layout, as small as the source's were if that can be had.
  ///
  /// - Parameter sourceCount: Bytes of the source's IDAT chunks.
  mutating func encode(
    _ samples: UnsafeBufferPointer<UInt8>, sourceCount: Int
  ) throws(CodecError) {
    let first = PNGCompression.quick(for: info)
    coded = try unsafe encoded(samples, info, first)
    guard PNGCompression.isLarge(coded.count, beside: sourceCount) else { return }
    // Bands of the picture tell what other efforts would gain, at a part of their cost.
    let bands = unsafe Self.bands(of: samples, info)
    func bandCount(_ effort: efi_png_effort) throws(CodecError) -> Int {
      try unsafe bands.samples.withUnsafeBufferPointer { samples throws(CodecError) in
        try unsafe encoded(samples, bands.frame, effort).count
      }
    }
    let firstCount = try bandCount(first)
    var best: (effort: efi_png_effort, count: Int)?
    for effort in PNGCompression.thorough(for: info, sampleBytes: samples.count) {
      let count = try bandCount(effort)
      if count < best?.count ?? firstCount { best = (effort, count) }
      if !PNGCompression.isLarge(coded.count * count / firstCount, beside: sourceCount) { break }
    }
    if let best {
      let smaller = try unsafe encoded(samples, info, best.effort)
      if smaller.count < coded.count { coded = smaller }
    }
  }

  /// An eighth of a picture's rows, in eight bands; all rows of a small one.
  private static func bands(
    of samples: UnsafeBufferPointer<UInt8>, _ info: efi_png_info
  ) -> (samples: [UInt8], frame: efi_png_info) {
    var frame = info
    frame.interlaced = false
    let height = Int(info.height)
    let stride = samples.count / height
    if samples.count <= 1 << 20 { return unsafe (Array(samples), frame) }
    let rows = max(1, height / 64)
    var part: [UInt8] = []
    part.reserveCapacity(8 * rows * stride)
    for band in 0..<8 {
      let first = (2 * band + 1) * height / 16 - rows / 2
      unsafe part.append(contentsOf: samples[first * stride..<(first + rows) * stride])
    }
    frame.height = UInt32(8 * rows)
    return (part, frame)
  }

  /// A picture's IDAT chunks, whole.
  private func encoded(
    _ samples: UnsafeBufferPointer<UInt8>, _ frame: efi_png_info, _ effort: efi_png_effort
  ) throws(CodecError) -> [UInt8] {
    var frame = frame
    let palette = palette
    return try unsafe Library.write(.png) { output, failure in
      unsafe efi_png_encode(
        samples.baseAddress, &frame, palette, Int32(palette.count / 3), effort, output, failure)
    } collect: { bytes in
      // Between the header chunks and IEND lie the IDAT chunks, one after the other.
      let all = unsafe Span(_unsafeElements: bytes)
      var data: [UInt8] = []
      data.reserveCapacity(all.count)
      var position = 8
      while position + 12 <= all.count {
        let length = (0..<4).reduce(0) { $0 << 8 | Int(all[position + $1]) }
        if all[position + 4] == 0x49, all[position + 5] == 0x44 {
          unsafe data.append(contentsOf: bytes[position..<position + 12 + length])
        }
        position += 12 + length
      }
      return data
    }
  }

  /// The whole file: the source's chunks in their order, the picture's data new.
  func file(
    over source: [UInt8], chunks: [PNGFile.Chunk], metadata: PNGMetadata
  ) -> [UInt8] {
    var bytes = PNGFile.signature
    bytes.reserveCapacity(coded.count + source.count / 8)
    var wrote = false
    for chunk in chunks {
      switch chunk.type {
      case "IHDR":
        let header = source[chunk.contents]
        let start = header.startIndex
        Self.append(
          "IHDR",
          Array(header[..<(start + 8)]) + [UInt8(info.depth), UInt8(info.color_type)]
            + header[(start + 10)...], to: &bytes)
      case "IDAT":
        if wrote { continue }
        for chunk in metadata.added { Self.append(chunk.type, chunk.contents, to: &bytes) }
        bytes += coded
        wrote = true
      default:
        if let contents = metadata.replaced[chunk.range.lowerBound] {
          if let contents { Self.append(chunk.type, contents, to: &bytes) }
        } else if let contents = replaced[chunk.type] {
          if let contents { Self.append(chunk.type, contents, to: &bytes) }
        } else {
          bytes += source[chunk.range]
        }
        // A palette that gained a translucent colour needs the chunk that it did not have.
        if chunk.type == "PLTE", let alpha = replaced["tRNS"] ?? nil,
          !chunks.contains(where: { $0.type == "tRNS" })
        {
          Self.append("tRNS", alpha, to: &bytes)
        }
      }
    }
    return bytes
  }

  /// Appends a chunk with its length and checksum.
  static func append(_ type: String, _ contents: [UInt8], to bytes: inout [UInt8]) {
    func append(_ number: UInt32) {
      for shift: UInt32 in [24, 16, 8, 0] {
        bytes.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    append(UInt32(contents.count))
    let start = bytes.count
    bytes += type.utf8
    bytes += contents
    let crc = unsafe bytes[start...].withUnsafeBufferPointer { part in
      unsafe efi_crc32(0, part.baseAddress, part.count)
    }
    append(crc)
  }
}
