import Kernels
import Photos
import Tensors

/// A network's mask without the slits and small gaps that it left within and between objects.
///
/// A morphological closing: what a disc of the radius cannot reach from outside is filled. A strip of
/// the old object that stayed would be the first thing that one sees in the result.
func closed(_ mask: borrowing Mask, radius: Int) -> Mask {
  var result = Mask(mask.values.copy())
  guard radius > 0, let box = mask.boundingBox else { return result }
  let region = ImageRegion(rows: box.y..<box.maxY, columns: box.x..<box.maxX)
    .grown(by: 2 * radius + 1, height: mask.height, width: mask.width)
  var outside = dilated(mask.values, radius: Double(radius), region: region)
  do {
    var bytes = outside.mutableSpan
    for index in bytes.indices { bytes[index] = ~bytes[index] }
  }
  let distances = squaredDistances(toSet: outside, far: radius + 2)
  let from = distances.span
  let width = mask.width
  var to = result.values.mutableSpan
  for row in 0..<region.height {
    let line = (region.rows.lowerBound + row) * width + region.columns.lowerBound
    for column in 0..<region.width where from[row * region.width + column] > radius * radius {
      to[line + column] = 255
    }
  }
  return result
}

extension Mask {
  /// Leads what comes within `margin` pixels of the picture's border on to the border.
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
}

/// A mask grown as planned: 255 on the mask and near it, fading out over the feather.
///
/// What the mask covers stays at 255; the soft edge lies in the growth only.
func grown(_ mask: borrowing Mask, by plan: GrowthPlan) -> Mask {
  var result = Mask(mask.values.copy())
  let width = mask.width
  for group in plan.groups where group.grow > 0 {
    let box = group.region
    let region = ImageRegion(rows: box.y..<box.maxY, columns: box.x..<box.maxX)
    let distances = squaredDistances(toSet: mask.values, region: region, far: group.grow + 2)
    let ramp = edgeValues(grow: group.grow, feather: group.feather)
    let from = distances.span
    var to = result.values.mutableSpan
    for row in 0..<box.height {
      let line = (box.y + row) * width + box.x
      for column in 0..<box.width {
        let squared = Int(from[row * box.width + column])
        if squared > 0 && squared < ramp.count { to[line + column] = ramp[squared] }
      }
    }
  }
  return result
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
