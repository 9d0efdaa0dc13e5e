import Tensors

extension PatchLevel {
  /// Puts into the fourth channel of the hole how badly sources match there: the root of a mean square
  /// in levels.
  public mutating func markMismatch(threads: Int) {
    let r = Self.radius
    let (height, width, region) = (height, width, region)
    nonisolated(unsafe) let (hole, costs) = unsafe (hole.pointer, costs.pointer)
    nonisolated(unsafe) let pixels = unsafe image.pixels.mutablePointer
    inRows(region.height, threads: threads) { rows in
      for y in rows.lowerBound + region.rows.lowerBound..<rows.upperBound + region.rows.lowerBound {
        let row = max(r, min(height - 1 - r, y)) - region.rows.lowerBound
        for x in region.columns where unsafe hole[y * width + x] != 0 {
          let column = max(r, min(width - 1 - r, x)) - region.columns.lowerBound
          let cost = unsafe Double(costs[row * region.width + column])
          let mean = cost / Double(4 * (2 * r + 1) * (2 * r + 1))
          unsafe pixels[4 * (y * width + x) + 3] = UInt8(min(255, mean.squareRoot()))
        }
      }
    }
  }

  /// Closes the seam between the hole and its surroundings.
  ///
  /// What the sources say of the pixels just outside the hole differs from what those are; the
  /// difference, spread smoothly over the hole, is added to it. A membrane as in gradient-domain
  /// blending (Pérez et al. 2003, Farbman et al. 2009), from a pyramid instead of a solver.
  ///
  /// Differences that are unlike those beside them are left out too: a spot of the removed thing that stays
  /// beside the hole would dye all of it.
  ///
  /// - Parameter limit: Larger differences are of content, not of light, and are left out.
  public mutating func closeSeam(limit: Int, threads: Int) {
    if region.isEmpty || limit <= 0 { return }
    let r = Self.radius
    let (height, width, region) = (height, width, region)
    // Everything happens in the hole's box, grown by a patch.
    let box = region.grown(by: r, height: height, width: width)
    var inside = Tensor<UInt8>(uninitializedHeight: box.height, width: box.width)
    let (top, left, boxWidth) = (box.rows.lowerBound, box.columns.lowerBound, box.width)
    var difference = Tensor<UInt8>(
      height: box.height + 1, width: box.width, channels: 4, repeating: 128)
    var known = Tensor<UInt8>(height: box.height, width: box.width, repeating: 0)
    nonisolated(unsafe) let (hole, isInside) = unsafe (hole.pointer, inside.mutablePointer)
    for y in 0..<box.height {
      let line = (top + y) * width + left
      for x in 0..<boxWidth { unsafe isInside[y * boxWidth + x] = hole[line + x] }
    }
    let near = touching(inside, radius: 2)
    nonisolated(unsafe) let pixels = unsafe image.pixels.mutablePointer
    let (sources, isNear) = unsafe (sources.pointer, near.pointer)
    let (differences, isKnown) = unsafe (difference.mutablePointer, known.mutablePointer)
    var at = -1
    for y in box.rows {
      let qy = max(r, min(height - 1 - r, y)) - region.rows.lowerBound
      for x in box.columns {
        at += 1
        if unsafe isNear[at] == 0 || isInside[at] != 0 { continue }
        let qx = max(r, min(width - 1 - r, x)) - region.columns.lowerBound
        let source = unsafe sources[qy * region.width + qx]
        let sy = Int(source >> 16) + y - qy - region.rows.lowerBound
        let sx = Int(source & 0xffff) + x - qx - region.columns.lowerBound
        var largest = 0
        for c in 0..<3 {
          let here = unsafe Int(pixels[4 * (y * width + x) + c])
          let d = unsafe here - Int(pixels[4 * (sy * width + sx) + c])
          largest = max(largest, abs(d))
          unsafe differences[4 * at + c] = UInt8(clamping: 128 + d)
        }
        if largest <= limit { unsafe isKnown[at] = 255 }
      }
    }
    extendLifetime(near)
    RimDifferences(difference, known: known).dropOutliers(from: difference, known: &known)
    var membrane = PartialImage(pixels: difference, known: known)
    membrane.fillSmoothly(threads: threads, kernels: kernels)
    nonisolated(unsafe) let smooth = unsafe membrane.pixels.pointer
    inRows(box.height, threads: threads) { rows in
      for y in rows {
        for x in 0..<boxWidth where unsafe isInside[y * boxWidth + x] != 0 {
          let (from, to) = (4 * (y * boxWidth + x), 4 * ((top + y) * width + left + x))
          for c in 0..<3 {
            let sum = unsafe Int(pixels[to + c]) + Int(smooth[from + c]) - 128
            unsafe pixels[to + c] = UInt8(clamping: sum)
          }
        }
      }
    }
    extendLifetime(inside)
    extendLifetime(membrane)
  }
}
