import ImageCodecs
import Photos
import Segmentation
import Tensors

/// The objects of a scene as overlays and pages show them, numbered from 1.
func presented(_ scene: borrowing Scene, orientation: Orientation) -> [PresentedObject] {
  scene.objects.enumerated().map { number, object in
    let mask = Mask(orientation.upright(scene.mask(of: [object.index]).values))
    return PresentedObject(
      index: number + 1, label: object.name, score: Double(object.score), box: object.box,
      runs: MaskRuns(mask))
  }
}

/// The file of a photo on which every object is tinted and numbered, with a legend.
func overlay(_ photo: borrowing Photo, scene: borrowing Scene, name: String)
  throws(EditingError) -> [UInt8]
{
  guard let format = ImageFormat(fileName: name) else {
    throw .usage("\(name): an overlay is written as .png or .jpg; name it so")
  }
  let picture = DetectionOverlay.drawn(
    on: photo.uprightPixels, objects: presented(scene, orientation: photo.orientation))
  return try encodePicture(picture, format: format, quality: 90, name: name)
}
