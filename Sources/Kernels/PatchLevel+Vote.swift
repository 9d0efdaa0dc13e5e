import CKernels
import Tensors

extension PatchLevel {
  /// Sets every pixel of the hole to the mean of what the patches over it say.
  ///
  /// A patch's weight falls with its cost, by a Gaussian whose variance is the given part of all
  /// costs (Wexler et al. 2007).
  ///
  /// - Parameters:
  ///   - textureGain: What the mean texture is multiplied by. Patches that match are smoother than what
  ///     they stand in for, as errors of fine detail add up; without a gain each round takes on from the
  ///     last, and the fill becomes smoother than its surroundings.
  ///   - tolerance: Targets over pixels that change by no more than so many levels are settled: the next
  ///     `measure` and `search` pass them over. Negative: every target stays active.
  /// - Returns: How many targets are active.
  @discardableResult
  public mutating func vote(
    quantile: Double = 0.75, sharpness: Double = 1, fade: Double = 1, textureGain: Double = 1,
    tolerance: Int = -1, threads: Int
  ) -> Int {
    let weights = voteWeights(
      quantile: quantile, sharpness: sharpness, fade: fade, threads: threads)
    // Only active targets can have got another source since the last vote.
    let stale = touching(active, radius: Self.radius)
    var changed = Tensor<UInt8>(height: region.height, width: region.width, repeating: 0)
    unsafe withVote(
      weights: weights, stale: stale.pointer, changed: changed.mutablePointer,
      tolerance: tolerance, textureGain: textureGain, threads: threads
    ) { table, vote, _, rows in
      _ = unsafe table.patch_vote(vote, Int32(rows.lowerBound), Int32(rows.upperBound))
    }
    extendLifetime(stale)
    extendLifetime(changed)
    if tolerance < 0 { return targetCount }
    activateAll()
    let near = touching(changed, radius: Self.radius)
    return settle(where: near)
  }

  /// Settles the active targets where `mask`, of the field's size, is 0; how many stay active.
  private mutating func settle(where mask: borrowing Tensor<UInt8>) -> Int {
    var count = 0
    let (total, mask, active) = unsafe (active.count, mask.pointer, active.mutablePointer)
    for i in 0..<total {
      if unsafe mask[i] == 0 { unsafe active[i] = 0 }
      if unsafe active[i] != 0 { count += 1 }
    }
    return count
  }

  /// Lets no gain raise the texture above what the surroundings' would be, spread smoothly over the hole.
  public mutating func limitTexture(threads: Int) {
    var smooth = PartialImage(pixels: image.pixels.copy(), known: image.known.copy())
    smooth.fillSmoothly(threads: threads, kernels: kernels)
    let limit = smooth.pixels
    textureLimit = consume limit
  }

  /// Sets every pixel of the hole to what the cheapest patch over it says: nothing is averaged.
  public mutating func pick(textureGain: Double = 1, threads: Int) {
    let weights = Tensor<UInt16>(height: 1, width: 1, repeating: 0)
    unsafe withVote(weights: weights, textureGain: textureGain, threads: threads) {
      table, vote, cost, rows in
      _ = unsafe table.patch_best(vote, cost, Int32(rows.lowerBound), Int32(rows.upperBound))
    }
  }

  /// Sets every pixel of the hole to what the source says on which the patches over it agree most:
  /// nothing is averaged, and neighbours are taken from neighbours.
  public mutating func agree(quantile: Double = 0.75, sharpness: Double = 1, threads: Int) {
    let weights = voteWeights(quantile: quantile, sharpness: sharpness, fade: 1, threads: threads)
    unsafe withVote(weights: weights, threads: threads) { table, vote, _, rows in
      _ = unsafe table.patch_agree(vote, Int32(rows.lowerBound), Int32(rows.upperBound))
    }
  }

  /// Draws every pixel of the hole towards the mean of what the patches over it say.
  ///
  /// Where `agree` cuts from one source to another, single pixels stand out; a part of the mean takes them back,
  /// and what little sharpness goes with them is hardly seen.
  ///
  /// - Parameter share: How much of the mean a pixel becomes, 0 to 1.
  public mutating func soften(
    by share: Double, quantile: Double = 0.75, sharpness: Double = 1, threads: Int
  ) {
    let weights = voteWeights(quantile: quantile, sharpness: sharpness, fade: 1, threads: threads)
    unsafe withVote(weights: weights, share: share, threads: threads) { table, vote, _, rows in
      _ = unsafe table.patch_vote(vote, Int32(rows.lowerBound), Int32(rows.upperBound))
    }
  }

  /// Where `agree` takes every pixel of the hole from.
  ///
  /// - Returns: Four bytes a pixel, the lowest first: its row times 65536, and its column. Outside the
  ///   hole, and where no patch has a say, the pixel is its own origin.
  public mutating func origins(
    quantile: Double = 0.75, sharpness: Double = 1, threads: Int
  ) -> Tensor<UInt8> {
    var places = Tensor<UInt8>(uninitializedHeight: height + 1, width: width, channels: 4)
    let width = width
    unsafe places.withUnsafeMutableBufferPointer { places in
      for i in 0..<places.count / 4 {
        let place = (i / width) << 16 | i % width
        for c in 0..<4 { unsafe places[4 * i + c] = UInt8(truncatingIfNeeded: place >> (8 * c)) }
      }
    }
    // Copying from a picture of places, instead of colours, tells the places.
    swap(&image.pixels, &places)
    agree(quantile: quantile, sharpness: sharpness, threads: threads)
    swap(&image.pixels, &places)
    return places
  }

  mutating func withVote(
    weights: borrowing Tensor<UInt16>, stale: UnsafePointer<UInt8>? = nil,
    changed: UnsafeMutablePointer<UInt8>? = nil, tolerance: Int = 0, share: Double = 1,
    textureGain: Double = 1, threads: Int,
    _ body:
      @Sendable (efk_image, UnsafePointer<efk_patch_vote>, UnsafePointer<UInt32>, Range<Int>) ->
      Void
  ) {
    if region.isEmpty { return }
    let region = region
    let table = unsafe kernels.table.pointee.image.pointee
    let (height, width) = (height, width)
    // Only known pixels are read and only unknown ones written: one picture does.
    let pixels = unsafe image.pixels.mutablePointer
    nonisolated(unsafe) let vote = unsafe efk_patch_vote(
      pixels: pixels, row: width * 4, width: Int32(width), height: Int32(height),
      hole: hole.pointer, wanted: wanted.pointer, field: sources.pointer,
      weight: weights.pointer, field_x: Int32(region.columns.lowerBound),
      field_y: Int32(region.rows.lowerBound), field_width: Int32(region.width),
      field_height: Int32(region.height), output: pixels, stale: stale, changed: changed,
      tolerance: Int32(tolerance), share: UInt32((share * 256).rounded()),
      texture_gain: UInt32((textureGain * 256).rounded()),
      texture_limit: pointer(to: textureLimit))
    nonisolated(unsafe) let cost = unsafe costs.pointer
    inRows(region.height, height: Self.bandHeight, threads: threads) { rows in
      unsafe withUnsafePointer(to: vote) { unsafe body(table, $0, cost, rows) }
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
    let (costs, wanted) = unsafe (costs.pointer, wanted.pointer)
    for y in region.rows {
      let line = (y - region.rows.lowerBound) * region.width - region.columns.lowerBound
      for x in region.columns where unsafe wanted[y * width + x] != 0 {
        unsafe histogram[bin(costs[line + x])] += 1
        total += 1
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

  /// How votes fall from the hole's edge inwards: the same for every vote of a scale.
  private mutating func setFalls(fade: Double, threads: Int) {
    let distances = squaredDistances(toSet: image.known, region: region, threads: threads)
    var steps: [Float] = [1]
    for step in 1..<64 { steps.append(steps[step - 1] / Float(fade)) }
    var values = Tensor<Float>(uninitializedHeight: region.height, width: region.width)
    unsafe distances.withUnsafeBufferPointer { distances in
      unsafe values.withUnsafeMutableBufferPointer { values in
        for i in 0..<values.count {
          unsafe values[i] = steps[min(63, Int(Float(distances[i]).squareRoot()))]
        }
      }
    }
    falls = consume values
    fallsFade = fade
  }

  mutating func voteWeights(
    quantile: Double, sharpness: Double, fade: Double, threads: Int
  ) -> Tensor<UInt16> {
    // Weights by steps of a sixty-fourth of the variance.
    let table = (0..<512).map { step -> UInt16 in
      UInt16(max(1, 1024 * exponential(-Double(step) / 128 * sharpness)))
    }
    let variance = max(UInt64(costQuantile(quantile)), 64)
    var weights = Tensor<UInt16>(uninitializedHeight: region.height, width: region.width)
    if fade > 1 && (falls == nil || fallsFade != fade) { setFalls(fade: fade, threads: threads) }
    let width = region.width
    nonisolated(unsafe) let (costs, weight) = unsafe (costs.pointer, weights.mutablePointer)
    nonisolated(unsafe) let falls = fade > 1 ? unsafe pointer(to: falls) : nil
    inRows(region.height, threads: threads) { rows in
      for i in rows.lowerBound * width..<rows.upperBound * width {
        let step = unsafe Int(min(511, UInt64(costs[i]) * 64 / variance))
        unsafe weight[i] = table[step]
        if let falls = unsafe falls {
          unsafe weight[i] = UInt16(max(1, Float(weight[i]) * falls[i]))
        }
      }
    }
    return weights
  }
}

/// e to the power of x, for x ≤ 0, the same on every machine.
func exponential(_ x: Double) -> Double {
  // e^x = (e^(x / 1024))^1024, by its series and ten squarings: plain arithmetic only.
  let t = x / 1024
  var value = 1 + t * (1 + t / 2 * (1 + t / 3 * (1 + t / 4)))
  for _ in 0..<10 { value *= value }
  return value
}
