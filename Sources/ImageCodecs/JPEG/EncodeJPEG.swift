internal import CImageCodecs
internal import Photos
internal import Tensors

/// A JPEG that an edited photo is written over: what is known of it before any pixel is coded.
struct JPEGEdit {
  private let source: SourceImage
  private let options: EncodingOptions
  private let file: JPEGFile
  private let info: efi_jpeg_info
  private let firstScan: JPEGFile.Scan
  private let metadata: JPEGMetadata

  /// Reads the file's headers, and makes its metadata anew from the edited photo.
  init(
    _ photo: borrowing Photo, over source: SourceImage, options: EncodingOptions
  ) throws(CodecError) {
    self.source = source
    self.options = options
    file = JPEGFile(source.bytes)
    info = try jpegInfo(source.bytes)
    guard let first = file.scans.first, !file.segments.isEmpty else {
      throw .corrupt(.jpeg, detail: "no scan was found")
    }
    firstScan = first
    metadata = JPEGMetadata(of: file, in: source.bytes, photo: photo, options: options)
  }

  /// The rows of pixels that `encode` will read: whole rows of MCUs, or all of them.
  func rows(for changed: borrowing Mask) -> Range<Int> {
    let all = 0..<changed.height
    // All are coded anew, or tell how the photo's black is made.
    let isCMYK = info.color == EFI_JPEG_CMYK || info.color == EFI_JPEG_YCCK
    if options.quality != nil || isCMYK { return all }
    let (values, width) = (changed.values.span, changed.width)
    func isTouched(_ y: Int) -> Bool {
      values.firstSet(in: y * width..<(y + 1) * width) < (y + 1) * width
    }
    guard let first = all.first(where: isTouched), let last = all.last(where: isTouched) else {
      return 0..<0
    }
    let factors = [info.vertical.0, info.vertical.1, info.vertical.2, info.vertical.3]
    let height = 8 * Int(factors.max() ?? 1)
    return first / height * height..<min(changed.height, (last / height + 1) * height)
  }

  /// Writes the file.
  ///
  /// - Parameters:
  ///   - pixels: Of the edited photo: at the least the `rows(for:)` of the mask.
  ///   - firstRow: Which row of the photo the first of `pixels` is.
  ///   - changed: The mask, of the photo's size.
  func encode(
    _ pixels: borrowing Tensor<UInt8>, firstRow: Int, changed: borrowing Mask
  ) throws(CodecError) -> EncodedPhoto {
    var result = EncodedPhoto(bytes: [])
    result.notes = metadata.notes.all

    if let quality = options.quality {
      let coded = try unsafe run(pixels, changed) { pixels, mask throws(CodecError) in
        try unsafe Library.write(.jpeg) { output, failure in
          unsafe efi_jpeg_encode_again(
            source.bytes, source.bytes.count, pixels, mask, Int32(min(max(quality, 1), 100)),
            info.progressive, info.arithmetic, Int32(firstScan.restartInterval), output, failure)
        } collect: {
          unsafe Array($0)
        }
      }
      result.bytes = [0xFF, JPEGFile.Marker.startOfImage] + metadata.all + coded.dropFirst(2)
      return result
    }

    let isOneScan = file.scans.count == 1 && firstScan.components.count == Int(info.components)
    var scans = file.scans.map(efi_jpeg_scan.init)
    let restart = restart(file.scans, info)
    var outcome = efi_jpeg_outcome()
    let coefficients = source.sequential ?? source.bytes
    func write(
      _ pixels: borrowing Tensor<UInt8>, _ changed: borrowing Mask, asTheSource: Bool
    ) throws(CodecError) -> [UInt8] {
      try unsafe run(pixels, changed) { pixels, mask throws(CodecError) in
        try unsafe scans.withUnsafeMutableBufferPointer { scans throws(CodecError) in
          var plan = unsafe efi_jpeg_plan(
            scans: asTheSource && !isOneScan ? UnsafePointer(scans.baseAddress) : nil,
            scan_count: Int32(scans.count), progression: !asTheSource && info.progressive,
            may_reuse_tables: asTheSource && isOneScan && !info.progressive && !info.arithmetic,
            arithmetic: info.arithmetic,
            restart_interval: Int32(restart.interval), restart_rows: Int32(restart.rows))
          return try unsafe Library.write(.jpeg) { output, failure in
            unsafe efi_jpeg_encode_over(
              coefficients, coefficients.count, pixels, firstRow, mask, &plan, output, &outcome,
              failure)
          } collect: {
            unsafe Array($0)
          }
        }
      }
    }
    let coded: [UInt8]
    do throws(CodecError) {
      coded = try write(pixels, changed, asTheSource: true)
    } catch .unwritableScans(let detail) {
      // The source's scans or tables break a rule that decoders forgive and libjpeg's writer does not.
      coded = try write(pixels, changed, asTheSource: false)
      result.notes.append("scans and code tables made anew (\(detail))")
    }
    result.replacedBlocks = Int(outcome.replaced)

    let output = JPEGFile(header: coded)
    guard let scan = output.segments.last, scan.marker == JPEGFile.Marker.startOfScan else {
      throw .notEncodable(.jpeg, detail: "libjpeg wrote no scan")
    }
    result.bytes.reserveCapacity(source.bytes.count + source.bytes.count / 8)
    result.bytes += [0xFF, JPEGFile.Marker.startOfImage]
    if outcome.reused_tables {
      // The header stays as it is, byte for byte; only the scan's data is new.
      for (index, segment) in file.segments.enumerated() {
        result.bytes += metadata[index]
        if segment.isMetadata { continue }
        if segment.marker == JPEGFile.Marker.startOfScan {
          // Metadata behind the scan goes before it: the order among them stays.
          for later in index + 1..<file.segments.count { result.bytes += metadata[later] }
          result.bytes += source.bytes[segment.range]
          break
        }
        result.bytes += source.bytes[segment.range]
      }
      result.bytes += coded[scan.range.upperBound...]
    } else {
      result.bytes += metadata.all + coded.dropFirst(2)
    }
    return result
  }
}

/// The restart interval of all scans, in MCUs or else in rows of them.
///
/// Scans of one component have more MCUs in a row than those of several: an interval of whole rows
/// is another number in each.
private func restart(_ scans: [JPEGFile.Scan], _ info: efi_jpeg_info) -> (interval: Int, rows: Int)
{
  let first = scans[0].restartInterval
  if scans.allSatisfy({ $0.restartInterval == first }) { return (first, 0) }
  let h = [info.horizontal.0, info.horizontal.1, info.horizontal.2, info.horizontal.3].map(Int.init)
  let maxH = h.max() ?? 1
  let perRow = scans.map { scan in
    let samples = scan.components.count == 1 ? h[scan.components[0]] : 1
    return (Int(info.width) * samples + 8 * maxH - 1) / (8 * maxH)
  }
  let counts = zip(scans, perRow).map { $0.restartInterval / max($1, 1) }
  return (0, counts.max() ?? 0)
}

/// Hands the memory of the pixels and the mask to a call.
private func run<Result>(
  _ pixels: borrowing Tensor<UInt8>, _ changed: borrowing Mask,
  _ body: (UnsafePointer<UInt8>?, UnsafePointer<UInt8>?) throws(CodecError) -> Result
) throws(CodecError) -> Result {
  try unsafe pixels.withUnsafeBufferPointer { pixels throws(CodecError) in
    try unsafe changed.values.withUnsafeBufferPointer { mask throws(CodecError) in
      try unsafe body(pixels.baseAddress, mask.baseAddress)
    }
  }
}

extension efi_jpeg_scan {
  /// The wall's form of a scan's header.
  init(_ scan: JPEGFile.Scan) {
    let c = scan.components.map(Int32.init) + [0, 0, 0]
    self.init(
      count: Int32(scan.components.count), components: (c[0], c[1], c[2], c[3]),
      first: Int32(scan.first), last: Int32(scan.last), high: Int32(scan.high),
      low: Int32(scan.low))
  }
}
