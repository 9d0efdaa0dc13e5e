import CKernels
import Tensors

extension PatchLevel {
  /// Fills the hole for a start, in layers of one pixel from its edge inwards.
  ///
  /// In each layer patches are compared by what is known or was filled by the layers before, and only
  /// those vote of which a fair part is (onion peeling, Newson et al. 2014).
  ///
  /// - Parameter passes: Passes of PatchMatch a layer.
  public mutating func peel(passes: Int, seed: UInt32, threads: Int) {
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
      let grown = touching(trusted, radius: 1)
      if bytesEqual(grown, trusted) { break }
      trusted = grown
      layer += 1
    }
    counts = nil
  }

  /// Weights by a patch's cost over the part of it that counts; none below a fifth.
  private func peelWeights(trusted: borrowing Tensor<UInt8>) -> Tensor<UInt16> {
    let (region, width) = (region, width)
    var weights = Tensor<UInt16>(height: region.height, width: region.width, repeating: 0)
    var prices = [UInt64](repeating: 0, count: region.height * region.width)
    let shares = boxBlurred(trusted, radius: Self.radius)
    let (share, wanted, costs) = unsafe (shares.pointer, wanted.pointer, costs.pointer)
    for row in 0..<region.height {
      let from = (region.rows.lowerBound + row) * width + region.columns.lowerBound
      for column in 0..<region.width where unsafe wanted[from + column] != 0 {
        // The mean of bytes of 0 and 255 tells how many of the 49 there are.
        let count = unsafe (Int(share[from + column]) * 49 + 127) / 255
        if count < 10 { continue }
        let at = row * region.width + column
        prices[at] = unsafe max(1, UInt64(costs[at]) * 49 / UInt64(count))
      }
    }
    extendLifetime(shares)
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

  /// Every byte of a mask four times.
  private func spread(_ mask: borrowing Tensor<UInt8>) -> Tensor<UInt8> {
    var result = Tensor<UInt8>(height: height + 1, width: width, channels: 4, repeating: 0)
    let (from, to) = unsafe (mask.pointer, result.mutablePointer)
    for i in 0..<mask.count {
      let byte = unsafe from[i]
      for c in 0..<4 { unsafe to[4 * i + c] = byte }
    }
    return result
  }
}

private func bytesEqual(_ a: borrowing Tensor<UInt8>, _ b: borrowing Tensor<UInt8>) -> Bool {
  unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in unsafe a.elementsEqual(b) }
  }
}
