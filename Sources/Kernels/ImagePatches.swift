import CKernels
public import Tensors

/// One scale of a picture with a hole, and for every patch that touches the hole the best source
/// found so far among the patches that lie wholly outside it.
///
/// The search is PatchMatch (Barnes et al. 2009): sources spread to neighbours and random jumps find
/// new ones. The field is updated in bands of rows of a fixed height, each in scan order, and a band
/// sees its neighbours as they were before the pass; random numbers depend on the pixel alone. So the
/// result is the same for any number of threads.
public struct PatchLevel: ~Copyable {
  /// The half side of a patch.
  public static let radius = Int(EFK_PATCH_RADIUS)

  /// Rows of the picture.
  public let height: Int
  /// Columns of the picture.
  public let width: Int
  /// Red, green, blue and texture of every pixel, and which of them are known.
  public var image: PartialImage
  /// 255 in the hole, 0 where a pixel is known.
  public let hole: Tensor<UInt8>
  /// Low-passed picture of `pixels`' layout that sources and targets are compared by as well.
  public var guide: Tensor<UInt8>?
  /// What one squared difference of the guide costs.
  public var guideWeight: UInt32 = 0
  /// How many centres a source may have.
  public let sourceCount: Int
  /// How many patches touch the hole.
  public let targetCount: Int

  /// 255, four bytes a pixel, where targets' pixels count in the comparison; all count when `nil`.
  private var counts: Tensor<UInt8>?
  private let usable: Tensor<UInt8>
  private let wanted: Tensor<UInt8>
  private let region: ImageRegion
  private var sources: Tensor<UInt32>
  private var costs: Tensor<UInt32>
  private let kernels: KernelTable

  /// Rows that are updated one after the other; part of the result's definition.
  private static let bandHeight = 16

  /// Prepares a scale: the fourth channel is the texture.
  public init(_ image: consuming PartialImage, kernels: KernelTable = .current) {
    let (height, width) = (image.height, image.width)
    self.height = height
    self.width = width
    self.kernels = kernels
    var hole = Tensor<UInt8>(uninitializedHeight: height, width: width)
    unsafe image.known.withUnsafeBufferPointer { known in
      unsafe hole.withUnsafeMutableBufferPointer { hole in
        for i in 0..<known.count { unsafe hole[i] = ~known[i] }
      }
    }
    // Centres whose patch touches the hole, and centres whose patch does not.
    var wanted = Tensor<UInt8>(height: height, width: width, repeating: 0)
    var usable = Tensor<UInt8>(height: height, width: width, repeating: 0)
    var sourceCount = 0
    var targetCount = 0
    let r = Self.radius
    if height > 2 * r && width > 2 * r {
      let near = touching(hole, radius: r)
      for y in r..<height - r {
        unsafe near.withUnsafeBufferPointer { near in
          unsafe wanted.withUnsafeMutableBufferPointer { wanted in
            unsafe usable.withUnsafeMutableBufferPointer { usable in
              for i in y * width + r..<(y + 1) * width - r {
                if unsafe near[i] != 0 {
                  unsafe wanted[i] = 255
                  targetCount += 1
                } else {
                  unsafe usable[i] = 255
                  sourceCount += 1
                }
              }
            }
          }
        }
      }
    }
    // The hole itself belongs to it: at the picture's border no patch has its centre.
    let bounds = targetCount == 0 ? nil : boundingRegion(of: hole)
    region =
      bounds?.grown(by: r, height: height, width: width)
      ?? ImageRegion(rows: 0..<0, columns: 0..<0)
    sources = Tensor(height: region.height, width: region.width, repeating: 0)
    costs = Tensor(height: region.height, width: region.width, repeating: UInt32.max)
    self.sourceCount = sourceCount
    self.targetCount = targetCount
    self.wanted = wanted
    self.usable = usable
    self.hole = hole
    self.image = image
  }

  /// Gives every target a random source.
  public mutating func scatter(seed: UInt32) {
    precondition(sourceCount > 0, "there is something to copy from")
    var list: [UInt32] = []
    list.reserveCapacity(sourceCount)
    unsafe usable.withUnsafeBufferPointer { usable in
      for y in 0..<height {
        for x in 0..<width where unsafe usable[y * width + x] != 0 {
          list.append(UInt32(y << 16 | x))
        }
      }
    }
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    unsafe sources.withUnsafeMutableBufferPointer { sources in
      for i in 0..<sources.count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        unsafe sources[i] = list[Int((state >> 32) * UInt64(list.count) >> 32)]
      }
    }
  }

  /// Takes the sources of the picture at half the size, each pixel's place within its pair kept.
  ///
  /// Costs carry over as well: they rank neighbours until they are measured again.
  public mutating func enlarge(_ half: borrowing PatchLevel) {
    let r = Self.radius
    let (region, height, width) = (region, height, width)
    let halfRegion = half.region
    let (halfHeight, halfWidth) = (half.height, half.width)
    unsafe half.sources.withUnsafeBufferPointer { halfSources in
      unsafe half.costs.withUnsafeBufferPointer { halfCosts in
        unsafe usable.withUnsafeBufferPointer { usable in
          unsafe sources.withUnsafeMutableBufferPointer { sources in
            unsafe costs.withUnsafeMutableBufferPointer { costs in
              var to = 0
              for y in region.rows {
                let qy = max(r, min(halfHeight - 1 - r, y / 2))
                let row = max(0, min(halfRegion.height - 1, qy - halfRegion.rows.lowerBound))
                for x in region.columns {
                  let qx = max(r, min(halfWidth - 1 - r, x / 2))
                  let column = max(
                    0, min(halfRegion.width - 1, qx - halfRegion.columns.lowerBound))
                  let from = row * halfRegion.width + column
                  let source = unsafe halfSources[from]
                  let (sourceY, sourceX) = (2 * Int(source >> 16), 2 * Int(source & 0xffff))
                  var (ty, tx) = (sourceY + y - 2 * qy, sourceX + x - 2 * qx)
                  if ty < 0 || tx < 0 || ty >= height || tx >= width
                    || (unsafe usable[ty * width + tx]) == 0
                  {
                    // Near the picture's border a centre was moved inwards: keep the pair alone.
                    (ty, tx) = (sourceY + (y & 1), sourceX + (x & 1))
                  }
                  unsafe sources[to] = UInt32(ty << 16 | tx)
                  unsafe costs[to] = halfCosts[from]
                  to += 1
                }
              }
            }
          }
        }
      }
    }
  }

  /// Measures what every source costs as the picture now stands.
  public mutating func measure(threads: Int) {
    unsafe run(threads: threads) { table, search, rows, _ in
      _ = unsafe table.patch_cost(search, Int32(rows.lowerBound), Int32(rows.upperBound))
    }
  }

  /// One pass of PatchMatch.
  ///
  /// - Parameters:
  ///   - pass: Even passes go down, odd ones up; each number has its own random numbers.
  ///   - radius: How far the first random candidate lies; each next one half as far. 0: none.
  ///   - anywhere: Random candidates from the whole picture.
  public mutating func search(
    pass: Int, radius: Int, anywhere: Int = 0, seed: UInt32, threads: Int
  ) {
    unsafe run(
      threads: threads, direction: pass % 2 == 0 ? 1 : -1, radius: radius,
      anywhere: anywhere, seed: (seed &+ UInt32(truncatingIfNeeded: pass)) &* 0x9E37_79B1
    ) { table, search, rows, before in
      _ = unsafe table.patch_search(search, Int32(rows.lowerBound), Int32(rows.upperBound), before)
    }
  }

  private mutating func run(
    threads: Int, direction: Int = 1, radius: Int = 0, anywhere: Int = 0,
    seed: UInt32 = 0,
    _ body:
      @Sendable (
        efk_image, UnsafePointer<efk_patch_search>, Range<Int>, UnsafePointer<UInt32>?
      ) -> Void
  ) {
    if region.isEmpty { return }
    let region = region
    let fieldWidth = region.width
    let bands = (region.height + Self.bandHeight - 1) / Self.bandHeight
    // Each band's neighbour row as it is before the pass.
    var edges = Tensor<UInt32>(uninitializedHeight: bands, width: fieldWidth)
    for band in 0..<bands {
      let row =
        direction > 0
        ? band * Self.bandHeight - 1 : min((band + 1) * Self.bandHeight, region.height)
      if row < 0 || row >= region.height { continue }
      for x in 0..<fieldWidth { edges[band, x] = sources[row, x] }
    }
    let table = unsafe kernels.table.pointee.image.pointee
    let (height, width, weight) = (height, width, guideWeight)
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe withOptional(counts) { counts in
        unsafe withOptional(guide) { guide in
          unsafe usable.withUnsafeBufferPointer { usable in
            unsafe wanted.withUnsafeBufferPointer { wanted in
              unsafe edges.withUnsafeBufferPointer { edges in
                unsafe sources.withUnsafeMutableBufferPointer { sources in
                  unsafe costs.withUnsafeMutableBufferPointer { costs in
                    guard let pixels = pixels.baseAddress, let usable = usable.baseAddress,
                      let wanted = wanted.baseAddress, let field = sources.baseAddress,
                      let cost = costs.baseAddress, let edges = edges.baseAddress
                    else { return }
                    nonisolated(unsafe) let search = unsafe efk_patch_search(
                      pixels: pixels, row: width * 4, width: Int32(width), height: Int32(height),
                      counts: counts, guide: guide, guide_weight: weight, usable: usable,
                      wanted: wanted, field: field, cost: cost,
                      field_x: Int32(region.columns.lowerBound),
                      field_y: Int32(region.rows.lowerBound), field_width: Int32(fieldWidth),
                      field_height: Int32(region.height), direction: Int32(direction),
                      radius: Int32(radius), anywhere: Int32(anywhere), seed: seed)
                    nonisolated(unsafe) let before = unsafe edges
                    inBands(bands, threads: threads) { band in
                      let rows =
                        band * Self.bandHeight..<min((band + 1) * Self.bandHeight, region.height)
                      let outside = direction > 0 ? band == 0 : band == bands - 1
                      unsafe withUnsafePointer(to: search) { search in
                        unsafe body(
                          table, search, rows, outside ? nil : before + band * fieldWidth)
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  /// Fills the hole for a start, layer after layer from its edge inwards.
  ///
  /// In each layer patches are compared by what is known or was filled by the layers before, and only
  /// those vote of which a fair part is (onion peeling, Newson et al. 2014).
  ///
  /// - Parameters:
  ///   - thickness: Pixels of a layer.
  ///   - passes: Passes of PatchMatch a layer.
  public mutating func peel(
    thickness: Int = 1, passes: Int, seed: UInt32, threads: Int
  ) {
    var trusted = image.known.copy()
    var layer = 0
    while true {
      counts = spread(trusted)
      measure(threads: threads)
      for pass in 0..<passes {
        search(
          pass: pass, radius: max(height, width) / 2, anywhere: 2,
          seed: seed &+ UInt32(layer * passes), threads: threads)
      }
      let weights = peelWeights(trusted: trusted)
      unsafe withVote(weights: weights, threads: threads) { table, vote, _, rows in
        _ = unsafe table.patch_vote(vote, Int32(rows.lowerBound), Int32(rows.upperBound))
      }
      let grown = touching(trusted, radius: thickness)
      if bytesEqual(grown, trusted) { break }
      trusted = grown
      layer += 1
    }
    counts = nil
  }

  /// Weights by a patch's cost over the part of it that counts; none below a fifth.
  private func peelWeights(trusted: borrowing Tensor<UInt8>) -> Tensor<UInt16> {
    let r = Self.radius
    var weights = Tensor<UInt16>(height: region.height, width: region.width, repeating: 0)
    var least = UInt64.max
    var prices = [UInt64](repeating: 0, count: region.height * region.width)
    for y in region.rows {
      for x in region.columns where wanted[y, x] != 0 {
        var count = 0
        for dy in -r...r { for dx in -r...r where trusted[y + dy, x + dx] != 0 { count += 1 } }
        if count < 10 { continue }
        let at = (y - region.rows.lowerBound) * region.width + x - region.columns.lowerBound
        let cost = costs[y - region.rows.lowerBound, x - region.columns.lowerBound]
        prices[at] = max(1, UInt64(cost) * 49 / UInt64(count))
        least = min(least, prices[at])
      }
    }
    let sorted = prices.filter { $0 > 0 }.sorted()
    if sorted.isEmpty { return weights }
    let variance = max(64, sorted[sorted.count * 3 / 4])
    for i in prices.indices where prices[i] > 0 {
      let steps = Double(min(511, prices[i] * 64 / variance))
      weights[i / region.width, i % region.width] =
        UInt16(max(1, 1024 * exponential(-steps / 128)))
    }
    return weights
  }

  /// Sets every pixel of the hole to the mean of what the patches over it say.
  ///
  /// A patch's weight falls with its cost, by a Gaussian whose variance is the given part of all
  /// costs (Wexler et al. 2007).
  public mutating func vote(
    quantile: Double = 0.75, sharpness: Double = 1, fade: Double = 1, threads: Int
  ) {
    let weights = voteWeights(quantile: quantile, sharpness: sharpness, fade: fade)
    unsafe withVote(weights: weights, threads: threads) { table, vote, _, rows in
      _ = unsafe table.patch_vote(vote, Int32(rows.lowerBound), Int32(rows.upperBound))
    }
  }

  /// Sets every pixel of the hole to what the cheapest patch over it says: nothing is averaged.
  public mutating func pick(threads: Int) {
    let weights = Tensor<UInt16>(height: 1, width: 1, repeating: 0)
    unsafe withVote(weights: weights, threads: threads) { table, vote, cost, rows in
      _ = unsafe table.patch_best(vote, cost, Int32(rows.lowerBound), Int32(rows.upperBound))
    }
  }

  private mutating func withVote(
    weights: borrowing Tensor<UInt16>, threads: Int,
    _ body:
      @Sendable (efk_image, UnsafePointer<efk_patch_vote>, UnsafePointer<UInt32>, Range<Int>) ->
      Void
  ) {
    if region.isEmpty { return }
    let region = region
    let bands = (region.height + Self.bandHeight - 1) / Self.bandHeight
    let table = unsafe kernels.table.pointee.image.pointee
    let (height, width) = (height, width)
    unsafe image.pixels.withUnsafeMutableBufferPointer { pixels in
      unsafe hole.withUnsafeBufferPointer { hole in
        unsafe wanted.withUnsafeBufferPointer { wanted in
          unsafe weights.withUnsafeBufferPointer { weights in
            unsafe sources.withUnsafeBufferPointer { sources in
              unsafe costs.withUnsafeBufferPointer { costs in
                guard let pixels = pixels.baseAddress, let hole = hole.baseAddress,
                  let wanted = wanted.baseAddress, let field = sources.baseAddress,
                  let weight = weights.baseAddress, let prices = costs.baseAddress
                else { return }
                // Only known pixels are read and only unknown ones written: one picture does.
                nonisolated(unsafe) let vote = unsafe efk_patch_vote(
                  pixels: pixels, row: width * 4, width: Int32(width), height: Int32(height),
                  hole: hole, wanted: wanted, field: field, weight: weight,
                  field_x: Int32(region.columns.lowerBound),
                  field_y: Int32(region.rows.lowerBound), field_width: Int32(region.width),
                  field_height: Int32(region.height), output: pixels)
                nonisolated(unsafe) let cost = unsafe prices
                inBands(bands, threads: threads) { band in
                  let rows =
                    band * Self.bandHeight..<min((band + 1) * Self.bandHeight, region.height)
                  unsafe withUnsafePointer(to: vote) { unsafe body(table, $0, cost, rows) }
                }
              }
            }
          }
        }
      }
    }
  }

  /// The cost that the given part of all targets does not exceed, within a sixteenth.
  public func costQuantile(_ quantile: Double) -> UInt32 {
    var histogram = [Int](repeating: 0, count: 33 * 16)
    func bin(_ cost: UInt32) -> Int {
      let bits = 32 - cost.leadingZeroBitCount
      return bits <= 4 ? Int(cost) : bits * 16 + Int(cost >> (bits - 5)) & 15
    }
    func lowest(_ bin: Int) -> UInt32 {
      bin < 80 ? UInt32(bin) : UInt32(16 + bin % 16) << UInt32(bin / 16 - 5)
    }
    var total = 0
    unsafe costs.withUnsafeBufferPointer { costs in
      unsafe wanted.withUnsafeBufferPointer { wanted in
        for y in region.rows {
          let line = (y - region.rows.lowerBound) * region.width - region.columns.lowerBound
          for x in region.columns where unsafe wanted[y * width + x] != 0 {
            unsafe histogram[bin(costs[line + x])] += 1
            total += 1
          }
        }
      }
    }
    var seen = 0
    let enough = Int(Double(total) * quantile)
    for (index, count) in histogram.enumerated() {
      seen += count
      if seen > enough { return lowest(index) }
    }
    return 0
  }

  private func voteWeights(
    quantile: Double, sharpness: Double, fade: Double
  ) -> Tensor<UInt16> {
    // Weights by steps of a sixty-fourth of the variance.
    let table = (0..<512).map { step -> UInt16 in
      UInt16(max(1, 1024 * exponential(-Double(step) / 128 * sharpness)))
    }
    let variance = max(UInt64(costQuantile(quantile)), 64)
    var weights = Tensor<UInt16>(uninitializedHeight: region.height, width: region.width)
    unsafe costs.withUnsafeBufferPointer { costs in
      unsafe weights.withUnsafeMutableBufferPointer { weights in
        for i in 0..<costs.count {
          unsafe weights[i] = table[Int(min(511, UInt64(costs[i]) * 64 / variance))]
        }
      }
    }
    if fade > 1 {
      let distances = squaredDistances(toSet: image.known, region: region)
      var falls: [Double] = [1]
      for step in 1..<64 { falls.append(falls[step - 1] / fade) }
      for y in 0..<region.height {
        for x in 0..<region.width {
          let d = min(63, Int(Double(distances[y, x]).squareRoot()))
          weights[y, x] = UInt16(max(1, Double(weights[y, x]) * falls[d]))
        }
      }
    }
    return weights
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
    unsafe hole.withUnsafeBufferPointer { hole in
      unsafe inside.withUnsafeMutableBufferPointer { inside in
        var to = 0
        for y in box.rows {
          for x in box.columns {
            unsafe inside[to] = hole[y * width + x]
            to += 1
          }
        }
      }
    }
    let near = touching(inside, radius: 2)
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe sources.withUnsafeBufferPointer { sources in
        unsafe inside.withUnsafeBufferPointer { inside in
          unsafe near.withUnsafeBufferPointer { near in
            unsafe difference.withUnsafeMutableBufferPointer { difference in
              unsafe known.withUnsafeMutableBufferPointer { known in
                var at = -1
                for y in box.rows {
                  let qy = max(r, min(height - 1 - r, y)) - region.rows.lowerBound
                  for x in box.columns {
                    at += 1
                    if unsafe near[at] == 0 || inside[at] != 0 { continue }
                    let qx = max(r, min(width - 1 - r, x)) - region.columns.lowerBound
                    let source = unsafe sources[qy * region.width + qx]
                    let sy = Int(source >> 16) + y - qy - region.rows.lowerBound
                    let sx = Int(source & 0xffff) + x - qx - region.columns.lowerBound
                    var largest = 0
                    for c in 0..<3 {
                      let here = unsafe Int(pixels[4 * (y * width + x) + c])
                      let d = unsafe here - Int(pixels[4 * (sy * width + sx) + c])
                      largest = max(largest, abs(d))
                      unsafe difference[4 * at + c] = UInt8(clamping: 128 + d)
                    }
                    if largest <= limit { unsafe known[at] = 255 }
                  }
                }
              }
            }
          }
        }
      }
    }
    var membrane = PartialImage(pixels: difference, known: known)
    membrane.fillSmoothly(threads: threads, kernels: kernels)
    unsafe image.pixels.withUnsafeMutableBufferPointer { pixels in
      unsafe membrane.pixels.withUnsafeBufferPointer { membrane in
        unsafe inside.withUnsafeBufferPointer { inside in
          var at = -1
          for y in box.rows {
            for x in box.columns {
              at += 1
              if unsafe inside[at] == 0 { continue }
              for c in 0..<3 {
                let to = 4 * (y * width + x) + c
                unsafe pixels[to] = UInt8(
                  clamping: Int(pixels[to]) + Int(membrane[4 * at + c]) - 128)
              }
            }
          }
        }
      }
    }
  }

  /// The source of a target: for tests and for looking into a fill.
  func source(row: Int, column: Int) -> (row: Int, column: Int) {
    let source = sources[row - region.rows.lowerBound, column - region.columns.lowerBound]
    return (Int(source >> 16), Int(source & 0xffff))
  }

  /// What a target's source cost when it was last measured.
  func cost(row: Int, column: Int) -> UInt32 {
    costs[row - region.rows.lowerBound, column - region.columns.lowerBound]
  }

  /// Every byte of a mask four times.
  private func spread(_ mask: borrowing Tensor<UInt8>) -> Tensor<UInt8> {
    var result = Tensor<UInt8>(height: height + 1, width: width, channels: 4, repeating: 0)
    unsafe mask.withUnsafeBufferPointer { mask in
      unsafe result.withUnsafeMutableBufferPointer { result in
        for i in 0..<mask.count {
          let byte = unsafe mask[i]
          for c in 0..<4 { unsafe result[4 * i + c] = byte }
        }
      }
    }
    return result
  }
}

private func bytesEqual(_ a: borrowing Tensor<UInt8>, _ b: borrowing Tensor<UInt8>) -> Bool {
  unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in unsafe a.elementsEqual(b) }
  }
}

/// e to the power of x, for x ≤ 0, the same on every machine.
private func exponential(_ x: Double) -> Double {
  // e^x = (e^(x / 1024))^1024, by its series and ten squarings: plain arithmetic only.
  let t = x / 1024
  var value = 1 + t * (1 + t / 2 * (1 + t / 3 * (1 + t / 4)))
  for _ in 0..<10 { value *= value }
  return value
}

/// 255 where a set pixel lies within the square of 2 · radius + 1 around a pixel, 0 elsewhere.
private func touching(_ mask: borrowing Tensor<UInt8>, radius: Int) -> Tensor<UInt8> {
  let (height, width) = (mask.height, mask.width)
  var across = Tensor<UInt8>(height: height, width: width, repeating: 0)
  var result = Tensor<UInt8>(height: height, width: width, repeating: 0)
  unsafe mask.withUnsafeBufferPointer { mask in
    unsafe across.withUnsafeMutableBufferPointer { across in
      for y in 0..<height {
        var last = Int.min / 2
        for x in 0..<min(radius, width) where unsafe mask[y * width + x] != 0 { last = x }
        for x in 0..<width {
          if x + radius < width, unsafe mask[y * width + x + radius] != 0 { last = x + radius }
          if last >= x - radius { unsafe across[y * width + x] = 255 }
        }
      }
    }
  }
  unsafe across.withUnsafeBufferPointer { across in
    unsafe result.withUnsafeMutableBufferPointer { result in
      for y in 0..<height {
        for k in max(0, y - radius)...min(height - 1, y + radius) {
          for x in 0..<width { unsafe result[y * width + x] |= across[k * width + x] }
        }
      }
    }
  }
  return result
}

/// Calls `body` with a tensor's memory, or with nothing.
private func withOptional<Result>(
  _ tensor: borrowing Tensor<UInt8>?, _ body: (UnsafePointer<UInt8>?) -> Result
) -> Result {
  switch tensor {
  case .some(let tensor):
    return unsafe tensor.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  case .none:
    return body(nil)
  }
}
