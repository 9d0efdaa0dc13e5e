import ImageCodecs
import Photos
import Segmentation
import Tensors

/// The objects of a scene as overlays and pages show them, numbered from 1.
func presented(
  _ scene: borrowing Scene, orientation: Orientation
) throws(EditingError) -> [PresentedObject] {
  try scene.objects.enumerated().map { number, object throws(EditingError) in
    let outlined = try outline(of: object, in: scene)
    let mask = outlined.mask
    return PresentedObject(
      index: number + 1, label: object.name, score: Double(object.score), box: object.box,
      runs: MaskRuns(Mask(orientation.upright(mask.values))))
  }
}

/// An object's mask, in stored orientation.
///
/// - Parameters:
///   - kept: Places beside it that are not to be taken along.
///   - carrying: Whether what a person carries is a part of the mask.
func outline(
  of object: DetectedObject, without kept: [Click] = [], carrying: Bool = true,
  in scene: borrowing Scene
) throws(EditingError) -> PromptedMask {
  do {
    return try scene.mask(of: object.index, without: kept, carrying: carrying)
  } catch {
    throw .network(message: "the \(object.name) could not be outlined: \(error)")
  }
}

/// The format that an overlay's name asks for.
@discardableResult
public func checkOverlayName(_ name: String) throws(EditingError) -> ImageFormat {
  if let format = ImageFormat(fileName: name) { return format }
  throw .usage("\(name): an overlay is written as .png or .jpg; name it so")
}

/// The file of a photo on which every object is tinted and numbered, with a legend.
func overlay(_ photo: borrowing Photo, scene: borrowing Scene, name: String)
  throws(EditingError) -> [UInt8]
{
  let format = try checkOverlayName(name)
  let picture = DetectionOverlay.drawn(
    on: photo.uprightPixels, objects: try presented(scene, orientation: photo.orientation))
  return try encodePicture(picture, format: format, quality: 90, name: name)
}

/// The upright photo on which what a mask covers is tinted.
///
/// - Parameter mask: In the photo's stored orientation.
func overlay(_ photo: borrowing Photo, mask: borrowing Mask) -> Tensor<UInt8> {
  let upright = Mask(photo.orientation.upright(mask.values))
  let size = photo.orientation.uprightSize(width: photo.width, height: photo.height)
  let all = Rectangle(x: 0, y: 0, width: size.width, height: size.height)
  let goes = PresentedObject(
    index: 1, label: "", score: nil, box: upright.boundingBox ?? all, runs: MaskRuns(upright))
  return DetectionOverlay.drawn(on: photo.uprightPixels, objects: [goes], isNumbered: false)
}

/// The page on which one picks what should go from a photo.
func pickPage(_ photo: borrowing Photo, scene: borrowing Scene, path: String)
  throws(EditingError) -> String
{
  let objects = try presented(scene, orientation: photo.orientation)
  do {
    return try PickPage.html(photo: photo.uprightPixels, path: path, objects: objects)
  } catch {
    throw .picture(message: "\(shown(path)): \(error)")
  }
}
