internal import CImageCodecs
public import Photos
public import Tensors

/// Writes an edited photo over the file that it came from, and keeps everything else of that file.
///
/// - JPEG: only the 8 × 8 blocks that `changed` touches are coded anew, with the source's quantization
///   tables and sampling; every other coefficient is the source's. Scans, restart interval and metadata
///   segments stay as they are. With a `quality`, the whole picture is coded anew.
/// - PNG: depth, colour type, interlacing, alpha and ancillary chunks stay, but for unknown ones whose names say
///   that they depend on the samples; a palette stays as long as it has room for the fill's colours. The samples
///   are packed about as hard as the source's were.
///
/// - Parameters:
///   - photo: The edited photo, of the source's size. Where `changed` is 0 its pixels are those that
///     decoding gave.
///   - changed: Not 0 where a pixel may have changed.
///   - source: The file to write over.
///   - options: What to do otherwise.
/// - Returns: The file, and what had to change besides the picture. When nothing changed, the file is
///   the source's, byte for byte.
public func encode(
  _ photo: borrowing Photo, changed: borrowing Mask, over source: SourceImage,
  options: EncodingOptions = EncodingOptions()
) throws(CodecError) -> EncodedPhoto {
  if let same = try unchanged(photo, changed, source, options) { return same }
  switch source.format {
  case .jpeg:
    let edit = try JPEGEdit(photo, over: source, options: options)
    return try edit.encode(photo.pixels, firstRow: 0, changed: changed)
  case .png: return try encodePNG(photo, changed: changed, over: source, options: options)
  }
}

/// As ``encode(_:changed:over:options:)``, for a photo that is not needed afterwards: a JPEG's pixels are given
/// back before its coefficients are read, which take as much memory again.
///
/// - Parameter photo: Perhaps without pixels afterwards.
public func encode(
  releasing photo: inout Photo, changed: borrowing Mask, over source: SourceImage,
  options: EncodingOptions = EncodingOptions()
) throws(CodecError) -> EncodedPhoto {
  if source.format != .jpeg {
    return try encode(photo, changed: changed, over: source, options: options)
  }
  if let same = try unchanged(photo, changed, source, options) { return same }
  let edit = try JPEGEdit(photo, over: source, options: options)
  let rows = edit.rows(for: changed)
  if rows.count == photo.height {
    return try edit.encode(photo.pixels, firstRow: 0, changed: changed)
  }
  let kept = photo.pixels.rows(rows)
  photo.pixels = Tensor(uninitializedHeight: 0, width: 0, channels: 3)
  return try edit.encode(kept, firstRow: rows.lowerBound, changed: changed)
}

/// The source as it is, where nothing is to be done; checks the sizes.
private func unchanged(
  _ photo: borrowing Photo, _ changed: borrowing Mask, _ source: SourceImage,
  _ options: EncodingOptions
) throws(CodecError) -> EncodedPhoto? {
  let expected = "\(source.width) x \(source.height)"
  if photo.width != source.width || photo.height != source.height {
    throw .sizeMismatch(expected: expected, found: "\(photo.width) x \(photo.height)")
  }
  if changed.width != source.width || changed.height != source.height {
    throw .sizeMismatch(expected: expected, found: "\(changed.width) x \(changed.height)")
  }
  let isChanged = unsafe changed.values.withUnsafeBufferPointer { values in
    unsafe values.contains { $0 != 0 }
  }
  let recode = source.format == .jpeg && options.quality != nil
  return !isChanged && !recode && options.strip == .nothing
    ? EncodedPhoto(bytes: source.bytes) : nil
}

/// Encodes a picture that has no source, such as a comparison, an overlay or a mask.
///
/// - Parameters:
///   - pixels: Grey (1 channel) or RGB (3 channels), with at least one pixel.
///   - format: What to write.
///   - quality: JPEG only, 1 to 100; above 90, colour keeps its full resolution.
/// - Throws: ``CodecError/notEncodable(_:detail:)`` for a picture without pixels, and for a JPEG with a side of
///   more than 65500.
/// - Precondition: `pixels` has one or three channels.
public func encodeNew(
  pixels: borrowing Tensor<UInt8>, format: ImageFormat, quality: Int = 90
) throws(CodecError) -> [UInt8] {
  let (width, height, channels) = (pixels.width, pixels.height, pixels.channels)
  precondition(channels == 1 || channels == 3, "a picture has one or three channels")
  if width == 0 || height == 0 { throw .notEncodable(format, detail: "it has no pixels") }
  if format == .jpeg, max(width, height) > 65_500 {
    throw .notEncodable(format, detail: "a side is longer than 65500 pixels")
  }
  return try unsafe pixels.withUnsafeBufferPointer { buffer throws(CodecError) in
    let base = buffer.baseAddress
    return try unsafe Library.write(format) { output, failure in
      switch format {
      case .jpeg:
        return unsafe efi_jpeg_encode_new(
          base, Int32(width), Int32(height), Int32(channels), Int32(min(max(quality, 1), 100)),
          quality > 90, output, failure)
      case .png:
        var info = efi_png_info(
          width: UInt32(width), height: UInt32(height), depth: 8,
          color_type: channels == 1 ? 0 : 2, interlaced: false)
        return unsafe efi_png_encode(
          base, &info, nil, 0, PNGCompression.quick(for: info), output, failure)
      }
    } collect: { bytes in
      unsafe Array(bytes)
    }
  }
}
