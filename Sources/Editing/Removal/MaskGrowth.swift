import Kernels
import Photos
import Tensors

extension Mask {
  /// Closes the slits and small gaps that a network left within and between objects.
  ///
  /// A morphological closing: what a disc of the radius cannot reach from outside is filled. A strip of
  /// the old object that stayed would be the first thing that one sees in the result.
  mutating func close(radius: Int) {
    guard radius > 0, let box = boundingBox else { return }
    let region = ImageRegion(rows: box.y..<box.maxY, columns: box.x..<box.maxX)
      .grown(by: 2 * radius + 1, height: height, width: width)
    var outside = dilated(values, radius: Double(radius), region: region)
    do {
      var bytes = outside.mutableSpan
      for index in bytes.indices { bytes[index] = ~bytes[index] }
    }
    let distances = squaredDistances(toSet: outside, far: radius + 2)
    let from = distances.span
    let width = width
    var to = values.mutableSpan
    for row in 0..<region.height {
      let line = (region.rows.lowerBound + row) * width + region.columns.lowerBound
      for column in 0..<region.width where from[row * region.width + column] > radius * radius {
        to[line + column] = 255
      }
    }
  }

  /// Leads what lies `margin` pixels from the picture's border on to the border.
  ///
  /// A network is unsure there, and an object that the frame cuts leaves a strip of itself.
  mutating func extendToBorders(_ margin: Int) {
    guard margin > 0, width > 2 * margin, height > 2 * margin else { return }
    let (width, height) = (width, height)
    var bytes = values.mutableSpan
    for row in 0..<height {
      let line = row * width
      let (left, right) = (bytes[line + margin], bytes[line + width - 1 - margin])
      for column in 0..<margin {
        if left != 0 { bytes[line + column] = 255 }
        if right != 0 { bytes[line + width - 1 - column] = 255 }
      }
    }
    for column in 0..<width {
      let (top, bottom) = (
        bytes[margin * width + column], bytes[(height - 1 - margin) * width + column]
      )
      for row in 0..<margin {
        if top != 0 { bytes[row * width + column] = 255 }
        if bottom != 0 { bytes[(height - 1 - row) * width + column] = 255 }
      }
    }
  }

  /// Grows as planned: 255 on the mask and near it, fading out over the feather.
  ///
  /// What the mask covers stays at 255; the soft edge lies in the growth only.
  mutating func grow(by plan: GrowthPlan) {
    let width = width
    // The groups' regions do not overlap: none sees another one's growth.
    for group in plan.groups where group.grow > 0 {
      let box = group.region
      let region = ImageRegion(rows: box.y..<box.maxY, columns: box.x..<box.maxX)
      let distances = squaredDistances(toSet: values, region: region, far: group.grow + 2)
      let ramp = edgeValues(grow: group.grow, feather: group.feather)
      let from = distances.span
      var to = values.mutableSpan
      for row in 0..<box.height {
        let line = (box.y + row) * width + box.x
        for column in 0..<box.width {
          let squared = Int(from[row * box.width + column])
          if squared > 0 && squared < ramp.count { to[line + column] = ramp[squared] }
        }
      }
    }
  }
}

/// The mask's value for every squared distance at which it is not 0.
private func edgeValues(grow: Int, feather: Int) -> [UInt8] {
  let solid = Double(grow - feather)
  let end = Double(grow) + (feather > 0 ? 1 : 0)
  return (0...grow * grow).map { squared in
    let distance = Double(squared).squareRoot()
    if distance <= solid { return 255 }
    return UInt8((255 * (end - distance) / (end - solid)).rounded())
  }
}
