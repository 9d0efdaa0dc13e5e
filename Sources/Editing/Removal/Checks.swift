import ImageCodecs
import Photos
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A path as messages show it.
public func shown(_ path: String) -> String { path == "-" ? "standard input" : path }

/// What is at a photo's path; `nil` for standard input.
func photoStatus(_ path: String) -> FileSystem.Status? {
  path == "-" ? nil : FileSystem.status(path)
}

/// Decodes a photo; errors name the file.
func decodePhoto(_ bytes: [UInt8], name: String) throws(EditingError) -> DecodedPhoto {
  do {
    return try decode(bytes, name: name)
  } catch {
    throw .picture(message: "\(shown(name)): \(error)")
  }
}

/// Encodes pixels of our own making; errors name the file.
func encodePicture(
  _ pixels: borrowing Tensor<UInt8>, format: ImageFormat, quality: Int = 90, name: String
) throws(EditingError) -> [UInt8] {
  do {
    return try encodeNew(pixels: pixels, format: format, quality: quality)
  } catch {
    throw .picture(message: "\(shown(name)): \(error)")
  }
}

/// A small picture of a photo for a report; errors name the file.
///
/// - Complexity: A photo that is turned or in colours of its own is copied whole for it.
func reportPicture(_ photo: borrowing Photo, name: String) throws(EditingError) -> ReportPicture {
  if photo.orientation == .up && photo.color == nil {
    return try reportPicture(photo.pixels, name: name)
  }
  return try reportPicture(photo.uprightPixels, name: name)
}

/// A small picture of an upright RGB picture for a report.
func reportPicture(_ upright: borrowing Tensor<UInt8>, name: String) throws(EditingError)
  -> ReportPicture
{
  do {
    return try ReportPicture(upright)
  } catch {
    throw .picture(message: "\(shown(name)): \(error)")
  }
}

/// A small picture of a photo's file for a report.
func reportPicture(ofFile path: String) throws(EditingError) -> ReportPicture {
  try reportPicture(decodePhoto(try FileSystem.readPicture(path), name: path).photo, name: path)
}

/// Refuses an output whose name promises another format than the photo's.
func checkFormat(of output: String, input: String, source: SourceImage) throws(EditingError) {
  let suffix = PathName(output).suffix.lowercased()
  if suffix == PathName(input).suffix.lowercased() { return }
  let promised = ImageFormat(fileName: output)
  if promised == source.format || promised == nil && !ImageFormat.otherExtensions.contains(suffix) {
    return
  }
  throw .otherFormat(name: output, photo: shown(input), format: "\(source.format)")
}

/// Refuses a name of a saved mask that is not a PNG's.
public func checkMaskName(_ name: String) throws(EditingError) {
  if ImageFormat(fileName: name) == .png { return }
  throw .usage("\(name): a mask is written as .png; name it so")
}

/// Refuses results that would take each other's place, or that of a file which is read.
///
/// Two names of one file are one, whether it is there yet or not.
///
/// - Parameters:
///   - results: Paths; `-` is passed over here and below.
///   - files: The photos, the masks and what else must stay.
///   - hint: Said at the end of the line about such a file.
public func checkResults(
  _ results: [String], apartFrom files: [String], hint: String = ""
) throws(EditingError) {
  func place(_ path: String) -> [UInt8] { Array(FileSystem.destination(path).utf8) }
  let kept = Set(files.filter { $0 != "-" }.map(place))
  var seen: Set<[UInt8]> = []
  for result in results where result != "-" {
    let place = place(result)
    if kept.contains(place) {
      throw .usage(
        "\(result): is a photo, a mask or a result of this command already; name another file"
          + hint)
    }
    if !seen.insert(place).inserted {
      throw .usage("\(result): two results would have one name: name them differently")
    }
  }
}

/// Refuses a photo that is not there: what is wrong with its results' names is not to be said then.
public func checkPresence(of photo: String) throws(EditingError) {
  if photo != "-" && FileSystem.status(photo) == nil {
    throw .unreadable(name: photo, reason: FileSystem.reason(errno))
  }
}

/// Refuses a photo that is no file in a folder, so that there is no place beside it for a result.
public func checkPlace(beside photo: String) throws(EditingError) {
  if photo == "-" || hasPlace(photo) { return }
  throw .usage("\(photo): is no regular file, so its result needs a name: add -o FILE")
}

/// Whether a photo's path is that of a place in a folder, and not of a pipe or a device.
func hasPlace(_ photo: String) -> Bool {
  // Folders are refused when they are read, in better words.
  guard let status = FileSystem.status(photo), status.isRegular || status.isDirectory else {
    return false
  }
  // Where standard input comes from a file, its names lead to that.
  return photo != "/dev/stdin" && !photo.hasPrefix("/dev/fd/")
}

/// Refuses a name of a page whose extension is not a page's.
public func checkPageName(_ name: String) throws(EditingError) {
  if name == "-" || ["html", "htm"].contains(PathName(name).suffix.lowercased()) { return }
  throw .usage("\(name): a page is written as .html; name it so")
}

/// Refuses clicks and boxes that miss the photo.
func checkPositions(_ selection: Selection, _ photo: borrowing Photo, name: String)
  throws(EditingError)
{
  let size = photo.orientation.uprightSize(width: photo.width, height: photo.height)
  let all = Rectangle(x: 0, y: 0, width: size.width, height: size.height)
  let clicks = Array(selection.clicks.joined())
  for (option, points) in [("--at", clicks), ("--not-at", selection.kept)] {
    for point in points where !all.contains(x: point.x, y: point.y) {
      throw .outside(
        option: "\(option) \(point)", name: shown(name), width: size.width,
        height: size.height)
    }
  }
  for box in selection.boxes where all.intersection(box).isEmpty {
    throw .outside(
      option: "--box \(box.words)", name: shown(name),
      width: size.width, height: size.height)
  }
}

extension SourceImage {
  /// The photo's size as one sees it.
  var uprightSize: (width: Int, height: Int) {
    orientation.uprightSize(width: width, height: height)
  }
}
