internal import Photos
internal import Tensors

/// A small JPEG of a photo, to take the place of one that shows the old scene.
struct ExifThumbnail: ~Copyable {
  /// The small picture.
  let pixels: Tensor<UInt8>

  /// Scales the photo to fit into a box.
  ///
  /// A box of about the photo's proportions is filled; in any other the photo keeps its own.
  init(of photo: borrowing Photo, width: Int, height: Int) {
    let (w, h) = (photo.width, photo.height)
    var (boxWidth, boxHeight) = (max(1, min(width, w)), max(1, min(height, h)))
    let (across, down) = (boxWidth * h, boxHeight * w)
    if abs(across - down) * 20 > max(across, down) {
      if across > down {
        boxWidth = max(1, (boxHeight * w + h / 2) / h)
      } else {
        boxHeight = max(1, (boxWidth * h + w / 2) / w)
      }
    }
    pixels = Self.scaled(photo, width: boxWidth, height: boxHeight)
  }

  /// The mean of 6 × 6 evenly spread samples for each pixel: what reads the least of a large photo
  /// and is still free of jagged edges.
  private static func scaled(_ photo: borrowing Photo, width: Int, height: Int) -> Tensor<UInt8> {
    let taps = 6
    let stride = photo.pixels.rowStride
    let source = photo.pixels.span
    var small = Tensor<UInt8>(uninitializedHeight: height, width: width, channels: 3)
    var target = small.mutableSpan
    for y in 0..<height {
      for x in 0..<width {
        var sum = (0, 0, 0)
        for ty in 0..<taps {
          let row = ((y * taps + ty) * 2 + 1) * photo.height / (2 * height * taps)
          for tx in 0..<taps {
            let column = ((x * taps + tx) * 2 + 1) * photo.width / (2 * width * taps)
            let at = row * stride + column * 3
            sum.0 += Int(source[at])
            sum.1 += Int(source[at + 1])
            sum.2 += Int(source[at + 2])
          }
        }
        let (at, count) = ((y * width + x) * 3, taps * taps)
        target[at] = UInt8((sum.0 + count / 2) / count)
        target[at + 1] = UInt8((sum.1 + count / 2) / count)
        target[at + 2] = UInt8((sum.2 + count / 2) / count)
      }
    }
    return small
  }

  /// A JPEG of at most `limit` bytes, of the best quality that fits; nil when none does.
  func jpeg(limit: Int) -> [UInt8]? {
    for quality in [88, 80, 70, 55, 40, 25] {
      if let bytes = try? encodeNew(pixels: pixels, format: .jpeg, quality: quality),
        bytes.count <= limit
      {
        return bytes
      }
    }
    return nil
  }
}
