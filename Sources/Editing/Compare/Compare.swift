import ImageCodecs
import Photos
import Tensors

/// Two versions of one photo, each read once, whatever is asked of them: standard input is gone then.
public struct PhotoPair: ~Copyable {
  private let names: (before: String, after: String)
  private let before: DecodedPhoto
  private let after: DecodedPhoto
  private let status: FileSystem.Status?

  /// Reads both.
  ///
  /// - Parameters:
  ///   - before: A path; `-` is standard input, for one of the two.
  ///   - after: Likewise.
  public init(before: String, after: String) throws(EditingError) {
    status = .shared(photoStatus(before), photoStatus(after))
    let first = try decodePhoto(try FileSystem.readPicture(before), name: before)
    let second = try decodePhoto(try FileSystem.readPicture(after), name: after)
    names = (before, after)
    self.before = first
    self.after = second
  }

  /// Writes both side by side (`.png`, `.jpg`), blinking (`.gif`), or as a page with a slider (`.html`).
  ///
  /// - Throws: `EditingError.comparedSizes` where their upright sizes differ.
  public borrowing func write(to output: OutputFile) throws(EditingError) {
    try checkComparisonName(output.path)
    try checkSizes(before.source.uprightSize, after.source.uprightSize)
    let bytes = try comparison(
      before: before.photo.uprightPixels, after: after.photo.uprightPixels, name: output.path,
      title: names.after)
    try output.write(bytes, like: status)
  }

  /// Compares the files: samples, JPEG coefficients and metadata.
  ///
  /// - Parameter mask: The path of the upright mask that `--save-mask` wrote; `nil` for none.
  /// - Throws: `EditingError.comparedSizes` where their stored sizes differ, `EditingError.maskSize` where
  ///   the mask has not the upright size of the first.
  public borrowing func verify(mask: String?) throws(EditingError) -> Verification {
    let source = before.source
    try checkSizes((source.width, source.height), (after.source.width, after.source.height))
    var allowed = Mask(width: source.width, height: source.height)
    if let mask {
      let upright = try readMask(mask)
      let size = source.uprightSize
      guard upright.width == size.width && upright.height == size.height else {
        throw .maskSize(
          mask: shown(mask), width: upright.width, height: upright.height,
          photo: shown(names.before), photoWidth: size.width, photoHeight: size.height)
      }
      allowed = Mask(source.orientation.stored(upright.values))
    }
    do {
      return Verification(
        comparison: try compareFiles(before, after, mask: allowed), hasMask: mask != nil)
    } catch {
      throw .picture(message: "\(shown(names.after)): \(error)")
    }
  }

  private func checkSizes(
    _ size: (width: Int, height: Int), _ other: (width: Int, height: Int)
  ) throws(EditingError) {
    if size == other { return }
    throw .comparedSizes(
      before: shown(names.before), width: size.width, height: size.height,
      after: shown(names.after), afterWidth: other.width, afterHeight: other.height)
  }
}

/// Refuses a name whose extension is none of a comparison's.
public func checkComparisonName(_ name: String) throws(EditingError) {
  if ImageFormat(fileName: name) != nil { return }
  if ["gif", "html", "htm"].contains(PathName(name).suffix.lowercased()) { return }
  throw .usage("\(name): a comparison is written as .png, .jpg, .gif or .html; name it so")
}

/// The file that a comparison's name asks for, of two upright pictures.
func comparison(
  before: borrowing Tensor<UInt8>, after: borrowing Tensor<UInt8>, name: String, title: String
) throws(EditingError) -> [UInt8] {
  if let format = ImageFormat(fileName: name) {
    let sheet = Comparison.sideBySide(before: before, after: after)
    return try encodePicture(sheet, format: format, quality: 92, name: name)
  }
  do {
    if PathName(name).suffix.lowercased() == "gif" {
      return Comparison.blinkGIF(before: before, after: after)
    }
    return Array(
      try Comparison.sliderHTML(before: before, after: after, title: PathName(title).name).utf8)
  } catch {
    throw .picture(message: "\(shown(name)): \(error)")
  }
}

extension Photo {
  /// A copy of the pixels that stands upright, in sRGB: pictures of ours carry no profile.
  var uprightPixels: Tensor<UInt8> {
    var upright = orientation.upright(pixels)
    color?.convertToSRGB(&upright)
    return upright
  }
}
