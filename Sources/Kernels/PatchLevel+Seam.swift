import Tensors

extension PatchLevel {
  /// Puts into the fourth channel of the hole how badly sources match there: the root of a mean square
  /// in levels.
  public mutating func markMismatch() {
    let r = Self.radius
    for y in region.rows {
      let row = max(r, min(height - 1 - r, y)) - region.rows.lowerBound
      for x in region.columns where hole[y, x] != 0 {
        let column = max(r, min(width - 1 - r, x)) - region.columns.lowerBound
        let mean = Double(costs[row, column]) / Double(4 * (2 * r + 1) * (2 * r + 1))
        image.pixels[y, x, 3] = UInt8(min(255, mean.squareRoot()))
      }
    }
  }

  /// Closes the seam between the hole and its surroundings.
  ///
  /// What the sources say of the pixels just outside the hole differs from what those are; the
  /// difference, spread smoothly over the hole, is added to it. A membrane as in gradient-domain
  /// blending (Pérez et al. 2003, Farbman et al. 2009), from a pyramid instead of a solver.
  ///
  /// - Parameter limit: Larger differences are of content, not of light, and are left out.
  public mutating func closeSeam(limit: Int, threads: Int) {
    if region.isEmpty || limit <= 0 { return }
    let r = Self.radius
    let (height, width, region) = (height, width, region)
    // Everything happens in the hole's box, grown by a patch.
    let box = region.grown(by: r, height: height, width: width)
    var inside = Tensor<UInt8>(uninitializedHeight: box.height, width: box.width)
    var difference = Tensor<UInt8>(
      height: box.height + 1, width: box.width, channels: 4, repeating: 128)
    var known = Tensor<UInt8>(height: box.height, width: box.width, repeating: 0)
    let (hole, isInside) = unsafe (hole.pointer, inside.mutablePointer)
    var at = 0
    for y in box.rows {
      for x in box.columns {
        unsafe isInside[at] = hole[y * width + x]
        at += 1
      }
    }
    let near = touching(inside, radius: 2)
    let (pixels, sources) = unsafe (image.pixels.mutablePointer, sources.pointer)
    let isNear = unsafe near.pointer
    let (differences, isKnown) = unsafe (difference.mutablePointer, known.mutablePointer)
    at = -1
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
    var membrane = PartialImage(pixels: difference, known: known)
    membrane.fillSmoothly(threads: threads, kernels: kernels)
    let smooth = unsafe membrane.pixels.pointer
    at = -1
    for y in box.rows {
      for x in box.columns {
        at += 1
        if unsafe isInside[at] == 0 { continue }
        for c in 0..<3 {
          let to = 4 * (y * width + x) + c
          unsafe pixels[to] = UInt8(clamping: Int(pixels[to]) + Int(smooth[4 * at + c]) - 128)
        }
      }
    }
    extendLifetime(inside)
    extendLifetime(membrane)
  }
}
