import Kernels
public import Networks
public import Photos
public import Tensors

/// What the network sees in a hole: a small picture of a window around it.
public struct Structure: ~Copyable {
  /// The network's picture of the window, RGB, in stored orientation; outside the hole the photo.
  let picture: Tensor<UInt8>
  /// The window, in photo pixels.
  let region: ImageRegion
  /// Photo pixels to a pixel of `picture`.
  let scale: Double

  /// Takes a picture of a window.
  public init(picture: consuming Tensor<UInt8>, window: Rectangle, scale: Double) {
    self.picture = picture
    region = ImageRegion(rows: window.y..<window.maxY, columns: window.x..<window.maxX)
    self.scale = scale
  }

  /// Asks the network.
  ///
  /// - Parameters:
  ///   - pixels: The photo.
  ///   - hole: Not 0 where pixels are unknown.
  ///   - box: The holes to fill.
  ///   - color: From the photo's colours to those that the network knows.
  public init(
    _ network: Network, pixels: borrowing Tensor<UInt8>, hole: borrowing Tensor<UInt8>,
    box: Rectangle, orientation: Orientation, color: ColorTransform? = nil, threads: Int
  ) throws(NetworkError) {
    let frame = NetworkFrame(box: box, height: pixels.height, width: pixels.width, network: network)
    let region = frame.region
    let known = Inpainting.known(beside: hole, in: region)
    let look = try NetworkLook(
      network, in: frame, pixels: pixels, known: known, orientation: orientation, color: color,
      threads: threads)
    var picture = look.picture.copy()
    if LineSearch.canFind(in: look.known) {
      for line in LineSearch(LineField(picture, known: look.known)).lines() {
        line.draw(onto: &picture, known: look.known)
      }
    }
    color?.convertFromSRGB(&picture)
    self.picture = picture
    self.region = region
    scale = Double(region.width) / Double(frame.width)
  }

  /// The window around `region` as the network sees it, low-passed alike in the hole and around it.
  ///
  /// - Parameters:
  ///   - window: Of the photo's `region`.
  ///   - blur: The low-pass's standard deviation, in pixels of the network.
  func guide(
    for window: borrowing PartialImage, region: ImageRegion, blur: Double, threads: Int
  ) -> Tensor<UInt8> {
    // The window at nearly the network's own resolution.
    var image = PartialImage(pixels: window.pixels.copy(), known: window.known.copy())
    var step = 1.0
    while 2 * step <= scale && min(image.height, image.width) > 16 {
      image = image.halved(needed: 1, threads: threads)
      step *= 2
    }
    let (offsetY, offsetX) = (
      Double(region.rows.lowerBound - self.region.rows.lowerBound),
      Double(region.columns.lowerBound - self.region.columns.lowerBound)
    )
    let (height, width) = (picture.height, picture.width)
    let ratioY = Double(height) / Double(self.region.height)
    let ratioX = Double(width) / Double(self.region.width)
    for y in 0..<image.height {
      let fromY = ((Double(y) + 0.5) * step + offsetY) * ratioY - 0.5
      if fromY < -1 || fromY > Double(height) { continue }
      let top = Int(max(0, min(Double(height - 1), fromY)))
      let partY = max(0, min(1, fromY - Double(top)))
      for x in 0..<image.width where image.known[y, x] == 0 {
        let fromX = ((Double(x) + 0.5) * step + offsetX) * ratioX - 0.5
        if fromX < -1 || fromX > Double(width) { continue }
        let left = Int(max(0, min(Double(width - 1), fromX)))
        let partX = max(0, min(1, fromX - Double(left)))
        let (bottom, right) = (min(height - 1, top + 1), min(width - 1, left + 1))
        for c in 0..<3 {
          let above =
            Double(picture[top, left, c]) * (1 - partX) + Double(picture[top, right, c]) * partX
          let below =
            Double(picture[bottom, left, c]) * (1 - partX)
            + Double(picture[bottom, right, c]) * partX
          image.pixels[y, x, c] = UInt8((above * (1 - partY) + below * partY).rounded())
        }
        image.known[y, x] = 255
      }
    }
    // Other holes that the network was not shown.
    image.fillSmoothly(threads: threads)
    var guide = Tensor<UInt8>(uninitializedHeight: image.height, width: image.width, channels: 4)
    for y in 0..<image.height {
      for x in 0..<image.width {
        for c in 0..<3 { guide[y, x, c] = image.pixels[y, x, c] }
        guide[y, x, 3] = 0
      }
    }
    return gaussianBlurred(guide, sigma: blur * scale / step, threads: threads)
  }
}

/// 255 in a region where a mask is 0, and 0 in the hole.
func known(beside hole: borrowing Tensor<UInt8>, in region: ImageRegion) -> Tensor<UInt8> {
  precondition(
    region.rows.upperBound <= hole.height && region.columns.upperBound <= hole.width,
    "the region lies within the picture")
  var known = Tensor<UInt8>(uninitializedHeight: region.height, width: region.width)
  let (from, to) = unsafe (hole.pointer, known.mutablePointer)
  // As many pixels as the window has: checked subscripts took longer than the network.
  for y in 0..<region.height {
    let line = (region.rows.lowerBound + y) * hole.width + region.columns.lowerBound
    let (source, target) = unsafe (from + line, to + y * region.width)
    for x in 0..<region.width { unsafe target[x] = source[x] == 0 ? 255 : 0 }
  }
  return known
}
