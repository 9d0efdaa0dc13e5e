import Kernels
import Photos
import Tensors

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
