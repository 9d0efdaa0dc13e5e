internal import CImageCodecs
public import Photos
internal import Tensors

/// Decodes a photo in its stored orientation.
///
/// The content decides what the file is, whatever its name says; a name that says otherwise is
/// remarked on in the source's `nameRemark`. Samples of 16 bits are rounded to 8 and kept beside them,
/// palettes and grey become RGB, alpha is left out, and CMYK is converted without a profile: the file
/// itself stays in the source, and the edit is written over it. A colour profile is read, not applied.
///
/// - Parameters:
///   - bytes: The whole file.
///   - name: The file's name, only to compare its extension with the content.
/// - Throws: An error that says in one line what is wrong; damaged or truncated files never decode to
///   a partly grey picture.
public func decode(_ bytes: [UInt8], name: String) throws(CodecError) -> DecodedPhoto {
  let format = try ImageFormat(content: bytes)
  var remark: String?
  if let promised = ImageFormat(fileName: name), promised != format {
    remark = "the name says \(promised), but the content is \(format)"
  }
  switch format {
  case .jpeg: return try decodeJPEG(bytes, remark: remark)
  case .png: return try decodePNG(bytes, remark: remark)
  }
}

/// Decodes a mask as one sees it: white removes, black keeps.
///
/// Any PNG or JPEG will do. Colours count by their luminance, and transparency keeps: each value is
/// luminance × alpha. A picture that is opaque wherever it is white is thus read in the same way with
/// and without its alpha. The mask is turned upright when its own metadata says that it is not.
public func decodeMask(_ bytes: [UInt8], name: String) throws(CodecError) -> Mask {
  let format = try ImageFormat(content: bytes)
  let orientation: Orientation
  var stored: Tensor<UInt8>
  switch format {
  case .jpeg:
    let decoded = try decodeJPEG(bytes, remark: nil)
    orientation = decoded.photo.orientation
    stored = Tensor(uninitializedHeight: decoded.photo.height, width: decoded.photo.width)
    let rgb = decoded.photo.pixels.span
    var grey = stored.mutableSpan
    for i in 0..<grey.count {
      grey[i] = UInt8(luminance(Int(rgb[3 * i]), Int(rgb[3 * i + 1]), Int(rgb[3 * i + 2])))
    }
  case .png:
    let file = try PNGFile(bytes)
    orientation = file.orientation(in: bytes)
    if file.hasAlpha {
      let samples = try samples(of: file, in: bytes, layout: EFI_PNG_GREY_ALPHA, channels: 2)
      stored = Tensor(uninitializedHeight: file.height, width: file.width)
      let pairs = samples.span
      var grey = stored.mutableSpan
      for i in 0..<grey.count {
        let product = Int(pairs[2 * i]) * Int(pairs[2 * i + 1]) + 128
        grey[i] = UInt8((product + product >> 8) >> 8)
      }
    } else {
      stored = try samples(of: file, in: bytes, layout: EFI_PNG_GREY, channels: 1)
    }
  }
  if orientation == .up { return Mask(stored) }
  return Mask(orientation.upright(stored))
}

// MARK: - JPEG

/// A JPEG's frame, checked against the limits.
func jpegInfo(_ bytes: [UInt8]) throws(CodecError) -> efi_jpeg_info {
  var info = efi_jpeg_info()
  try unsafe Library.read(.jpeg) { failure in
    unsafe efi_jpeg_read_info(bytes, bytes.count, &info, failure)
  }
  if info.color == EFI_JPEG_OTHER {
    throw .unsupported(.jpeg, what: "\(info.components) unnamed colour components")
  }
  let (width, height) = (Int(info.width), Int(info.height))
  // RGB, and in the writing the coefficients of every component, two bytes each.
  try SizeLimits.check(
    width: width, height: height, bytesPerPixel: 3 + 2 * Int(info.components),
    fileBytes: bytes.count)
  // Huffman codes spend at least one bit on each block of 64 samples of the finest component.
  if !info.arithmetic, (width / 8) * (height / 8) / 8 > bytes.count { throw .truncated(.jpeg) }
  return info
}

private func decodeJPEG(_ bytes: [UInt8], remark: String?) throws(CodecError) -> DecodedPhoto {
  let info = try jpegInfo(bytes)
  let header = JPEGFile(header: bytes)
  let isInManyScans =
    info.progressive || header.scans.contains { $0.components.count < Int(info.components) }
  // Whatever is wrong with the file is told by decoding it.
  let sequential = isInManyScans ? try? sequentialCopy(of: bytes) : nil
  let coded = sequential ?? bytes
  var pixels = Tensor<UInt8>(
    uninitializedHeight: Int(info.height), width: Int(info.width), channels: 3)
  try unsafe pixels.withUnsafeMutableBufferPointer { buffer throws(CodecError) in
    let base = buffer.baseAddress
    try unsafe Library.read(.jpeg) { failure in
      unsafe efi_jpeg_decode_rgb(coded, coded.count, base, failure)
    }
  }
  let orientation = header.orientation(in: bytes)
  let source = SourceImage(
    bytes: bytes, format: .jpeg, width: pixels.width, height: pixels.height,
    orientation: orientation, nameRemark: remark, sequential: sequential)
  let color = header.profile(in: bytes).flatMap(ICCProfile.transform)
  return DecodedPhoto(
    photo: Photo(pixels: pixels, orientation: orientation, color: color), source: source)
}

private func sequentialCopy(of bytes: [UInt8]) throws(CodecError) -> [UInt8] {
  try unsafe Library.write(.jpeg) { output, failure in
    unsafe efi_jpeg_sequential(bytes, bytes.count, output, failure)
  } collect: {
    unsafe Array($0)
  }
}

// MARK: - PNG

/// Decodes a PNG's samples in one of the layouts of the C wall.
///
/// - Parameter channels: Bytes a pixel in that layout.
func samples(
  of file: PNGFile, in bytes: [UInt8], layout: efi_png_layout, channels: Int
) throws(CodecError) -> Tensor<UInt8> {
  try SizeLimits.check(
    width: file.width, height: file.height, bytesPerPixel: channels + 4, fileBytes: bytes.count)
  let ranges = file.criticalRanges
  var samples = Tensor<UInt8>(
    uninitializedHeight: file.height, width: file.width, channels: channels)
  try unsafe samples.withUnsafeMutableBufferPointer { buffer throws(CodecError) in
    let (base, count) = (buffer.baseAddress, buffer.count)
    try unsafe Library.read(.png) { failure in
      unsafe efi_png_decode(bytes, ranges, Int32(ranges.count), layout, base, count, failure)
    }
  }
  return samples
}

private func decodePNG(_ bytes: [UInt8], remark: String?) throws(CodecError) -> DecodedPhoto {
  let file = try PNGFile(bytes)
  var pixels: Tensor<UInt8>
  var deepPixels: Tensor<UInt16>?
  if file.info.depth == 16 {
    let deep = try deepSamples(of: file, in: bytes)
    pixels = rounded(deep)
    deepPixels = consume deep
  } else {
    pixels = try samples(of: file, in: bytes, layout: EFI_PNG_RGB, channels: 3)
  }
  let orientation = file.orientation(in: bytes)
  let source = SourceImage(
    bytes: bytes, format: .png, width: file.width, height: file.height, orientation: orientation,
    nameRemark: remark, sequential: nil)
  return DecodedPhoto(
    photo: Photo(
      pixels: pixels, deepPixels: deepPixels, orientation: orientation,
      color: file.profile(in: bytes).flatMap(ICCProfile.transform)),
    source: source)
}

/// Samples of 16 bits in 8.
private func rounded(_ samples: borrowing Tensor<UInt16>) -> Tensor<UInt8> {
  var result = Tensor<UInt8>(
    uninitializedHeight: samples.height, width: samples.width, channels: samples.channels)
  let from = samples.span
  var to = result.mutableSpan
  for i in 0..<from.count { to[i] = rounded8(from[i]) }
  return result
}

/// A PNG's samples as 16-bit RGB.
private func deepSamples(
  of file: PNGFile, in bytes: [UInt8]
) throws(CodecError) -> Tensor<UInt16> {
  try SizeLimits.check(
    width: file.width, height: file.height, bytesPerPixel: file.deepBytesPerPixel,
    fileBytes: bytes.count)
  let ranges = file.criticalRanges
  var samples = Tensor<UInt16>(uninitializedHeight: file.height, width: file.width, channels: 3)
  try unsafe samples.withUnsafeMutableBufferPointer { buffer throws(CodecError) in
    let raw = UnsafeMutableRawBufferPointer(buffer)
    let base = unsafe raw.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let count = raw.count
    try unsafe Library.read(.png) { failure in
      unsafe efi_png_decode(
        bytes, ranges, Int32(ranges.count), EFI_PNG_RGB16, base, count, failure)
    }
  }
  return samples
}
