import ImageCodecs
import Photos
import Tensors

/// Writes a comparison of two versions of one photo: side by side (`.png`, `.jpg`), blinking (`.gif`),
/// or a page with a slider (`.html`).
public func compare(before: String, after: String, to output: OutputFile) throws(EditingError) {
  try checkComparisonName(output.path)
  let first = try decodePhoto(try FileSystem.read(before), name: before)
  let second = try decodePhoto(try FileSystem.read(after), name: after)
  let (size, other) = (first.source.uprightSize, second.source.uprightSize)
  guard size == other else {
    throw .comparedSizes(
      before: shown(before), width: size.width, height: size.height, after: shown(after),
      afterWidth: other.width, afterHeight: other.height)
  }
  try output.write(
    try comparison(
      before: first.photo.uprightPixels, after: second.photo.uprightPixels, name: output.path,
      title: after))
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
