import Tensors
import Testing

@testable import Kernels

/// A picture of four channels with a hole; blocks of a few pixels, so that patches repeat.
func pictureWithHole(height: Int, width: Int, rows: Range<Int>, columns: Range<Int>) -> PartialImage
{
  let blocks = noise(height: 8, width: 8, channels: 4, seed: 5)
  var pixels = Tensor<UInt8>(height: height + 1, width: width, channels: 4, repeating: 0)
  var known = Tensor<UInt8>(height: height, width: width, repeating: 255)
  for y in 0..<height {
    for x in 0..<width {
      for c in 0..<4 { pixels[y, x, c] = blocks[(y / 3) % 8, (x / 4) % 8, c] }
    }
  }
  for y in rows { for x in columns { known[y, x] = 0 } }
  return PartialImage(pixels: pixels, known: known)
}

@Suite struct PatchTests {
  @Test func whatIsBarredIsNoSource() {
    func sources(barred: Bool) -> (touching: Int, count: Int, half: Int) {
      var picture = pictureWithHole(height: 61, width: 83, rows: 17..<49, columns: 21..<60)
      var bar = Tensor<UInt8>(height: 61, width: 83, repeating: 0)
      if barred { for y in 0..<61 { for x in 66..<83 { bar[y, x] = 255 } } }
      picture.barred = consume bar
      let half = PatchLevel(picture.halved(needed: 4))
      var level = PatchLevel(picture)
      level.scatter(seed: 3)
      level.peel(passes: 2, seed: 3, threads: 2)
      level.measure(threads: 2)
      level.search(pass: 0, radius: 40, anywhere: 3, seed: 8, threads: 2)
      let found = level.sources.span
      let touching = found.indices.count { Int(found[$0] & 0xffff) + PatchLevel.radius >= 66 }
      return (touching, level.sourceCount, half.sourceCount)
    }
    let (free, kept) = (sources(barred: false), sources(barred: true))
    #expect(free.touching > 0 && kept.touching == 0)
    #expect(kept.count < free.count && kept.half < free.half && kept.half > 0)
  }

  /// The same bytes on every instruction set and for any number of threads: whole numbers only.
  @Test func isTheSameOnEveryInstructionSet() throws {
    func run(_ set: InstructionSet, threads: Int, guided: Bool) throws -> [UInt8] {
      let kernels = try #require(KernelTable(set))
      let picture = pictureWithHole(height: 61, width: 83, rows: 17..<49, columns: 21..<60)
      var guide = PartialImage(pixels: picture.pixels.copy(), known: picture.known.copy())
      guide.fillSmoothly(threads: threads, kernels: kernels)
      var level = PatchLevel(picture, kernels: kernels)
      if guided {
        level.guide = guide.pixels.copy()
        level.guideWeight = 5 * 64
        level.trust = noise(height: 61, width: 83, channels: 1, seed: 4)
        level.limitTexture(threads: threads)
      }
      level.scatter(seed: 3)
      level.peel(passes: 2, seed: 3, threads: threads)
      for round in 0..<3 {
        level.measure(threads: threads)
        level.search(pass: round, radius: 20, anywhere: 1, seed: 8, threads: threads)
        level.vote(
          fade: 1.5, textureGain: guided ? 1.3 : 1, tolerance: guided ? 1 : -1, threads: threads)
      }
      level.measure(threads: threads)
      if guided {
        level.agree(threads: threads)
        level.soften(by: 0.3, threads: threads)
      } else {
        level.pick(textureGain: 1.7, threads: threads)
      }
      level.closeSeam(limit: 90, threads: threads)
      return bytes(level.image.pixels)
    }
    for guided in [false, true] {
      let expected = try run(.scalar, threads: 1, guided: guided)
      for set in InstructionSet.available {
        for threads in [1, 3] {
          #expect(try run(set, threads: threads, guided: guided) == expected, "\(set), \(threads)")
        }
      }
    }
  }

  /// A spot beside the hole that the sources do not have, as of a thing that was not covered whole, stays
  /// where it is; light that changes all along the edge is spread.
  @Test func aSpotBesideAHoleDoesNotDyeIt() {
    let (side, hole) = (96, 32..<64)
    func red(spot: Bool, slope: Int) -> Int {
      var pixels = Tensor<UInt8>(height: side + 1, width: side, channels: 4, repeating: 100)
      var known = Tensor<UInt8>(height: side, width: side, repeating: 255)
      for y in hole { for x in hole { known[y, x] = 0 } }
      for y in 0..<side { for x in 0..<side { pixels[y, x, 0] = UInt8(100 + slope * y / 8) } }
      if spot { for y in 44..<50 { for x in 26..<32 { pixels[y, x, 0] += 60 } } }
      var level = PatchLevel(PartialImage(pixels: pixels, known: known))
      level.scatter(seed: 1)
      // Every source lies in the top rows, where it is darkest.
      let source = UInt32(PatchLevel.radius << 16 | 48)
      for y in 0..<level.sources.height {
        for x in 0..<level.sources.width { level.sources[y, x] = source }
      }
      level.measure(threads: 1)
      level.agree(threads: 1)
      level.closeSeam(limit: 100, threads: 1)
      return Int(level.image.pixels[48, 40, 0])
    }
    #expect(abs(red(spot: true, slope: 0) - red(spot: false, slope: 0)) <= 1)
    #expect(abs(red(spot: false, slope: 4) - 124) <= 6)
    #expect(abs(red(spot: true, slope: 4) - 124) <= 6)
  }

  /// Nothing of the mean leaves pixels as they are, all of it is what a vote says.
  @Test func softeningMovesPixelsTowardsTheMean() {
    func result(_ finish: (inout PatchLevel) -> Void) -> [UInt8] {
      var level = PatchLevel(
        pictureWithHole(height: 61, width: 83, rows: 17..<49, columns: 21..<60))
      level.scatter(seed: 3)
      level.peel(passes: 1, seed: 3, threads: 1)
      level.measure(threads: 1)
      level.agree(threads: 1)
      finish(&level)
      return bytes(level.image.pixels)
    }
    let before = result { _ in }
    let after = result { $0.soften(by: 1, threads: 1) }
    #expect(before != after)
    #expect(result { $0.soften(by: 0, threads: 1) } == before)
    #expect(result { $0.vote(threads: 1) } == after)
    for (value, ends) in zip(result { $0.soften(by: 0.5, threads: 1) }, zip(before, after)) {
      #expect(abs(2 * Int(value) - Int(ends.0) - Int(ends.1)) <= 1)
    }
  }

  /// Every pixel of the hole is that of its origin, which is known; all others are their own.
  @Test(arguments: InstructionSet.available)
  func originsTellWhereAFillComesFrom(set: InstructionSet) throws {
    let kernels = try #require(KernelTable(set))
    let (rows, columns) = (17..<49, 21..<60)
    var level = PatchLevel(
      pictureWithHole(height: 61, width: 83, rows: rows, columns: columns), kernels: kernels)
    level.scatter(seed: 3)
    level.peel(passes: 2, seed: 3, threads: 1)
    level.measure(threads: 1)
    level.agree(threads: 1)
    let before = bytes(level.image.pixels)
    let origins = level.origins(threads: 2)
    #expect(bytes(level.image.pixels) == before, "the picture stays")
    for y in 0..<61 {
      for x in 0..<83 {
        let column = Int(origins[y, x, 0]) | Int(origins[y, x, 1]) << 8
        let row = Int(origins[y, x, 2]) | Int(origins[y, x, 3]) << 8
        if rows.contains(y) && columns.contains(x) {
          #expect(!rows.contains(row) || !columns.contains(column))
        } else {
          #expect(row == y && column == x)
        }
        for c in 0..<4 {
          #expect(level.image.pixels[y, x, c] == level.image.pixels[row, column, c])
        }
      }
    }
  }

  /// The definition of a patch's cost, on a field whose sources are known.
  @Test(arguments: InstructionSet.available)
  func costIsTheSumOfSquaredDifferences(set: InstructionSet) throws {
    let kernels = try #require(KernelTable(set))
    let picture = pictureWithHole(height: 20, width: 30, rows: 9..<10, columns: 12..<13)
    var level = PatchLevel(picture, kernels: kernels)
    #expect(level.targetCount == 49)
    level.scatter(seed: 1)
    level.measure(threads: 1)
    var costs: [Int] = []
    for y in 6..<13 {
      for x in 9..<16 {
        let source = level.source(row: y, column: x)
        var sum = 0
        for dy in -3...3 {
          for dx in -3...3 {
            for c in 0..<4 {
              let d =
                Int(level.image.pixels[y + dy, x + dx, c])
                - Int(level.image.pixels[source.row + dy, source.column + dx, c])
              sum += d * d
            }
          }
        }
        costs.append(sum)
        #expect(Int(level.cost(row: y, column: x)) == sum)
      }
    }
    let median = Int(level.costQuantile(0.5))
    let sorted = costs.sorted()
    #expect(median <= sorted[24] && median * 17 / 16 + 1 >= sorted[24])
  }

  /// The guide is compared at four points; how much it counts depends on the trust at the target.
  @Test(arguments: InstructionSet.available)
  func guideCostsByTrust(set: InstructionSet) throws {
    let kernels = try #require(KernelTable(set))
    let picture = pictureWithHole(height: 20, width: 30, rows: 9..<10, columns: 12..<13)
    var level = PatchLevel(picture, kernels: kernels)
    level.scatter(seed: 1)
    level.measure(threads: 1)
    let plain = (6..<13).map { y in (9..<16).map { level.cost(row: y, column: $0) } }
    let guide = noise(height: 21, width: 30, channels: 4, seed: 6)
    let trust = noise(height: 20, width: 30, channels: 1, seed: 7)
    level.guide = guide.copy()
    level.guideWeight = 100
    level.trust = trust.copy()
    level.measure(threads: 1)
    for y in 6..<13 {
      for x in 9..<16 {
        let source = level.source(row: y, column: x)
        var sum = 0
        for dy in [-2, 2] {
          for dx in [-2, 2] {
            for c in 0..<4 {
              let d =
                Int(guide[y + dy, x + dx, c]) - Int(guide[source.row + dy, source.column + dx, c])
              sum += d * d
            }
          }
        }
        let weight = (100 * Int(trust[y, x]) + 127) / 255
        let expected = Int(plain[y - 6][x - 9]) + (sum * weight) >> 6
        #expect(Int(level.cost(row: y, column: x)) == expected)
      }
    }
  }

  /// Where patches agree, in plain words: each patch over a pixel speaks for one place, most for its
  /// own middle; the place with the largest sum wins, the first of equals.
  @Test(arguments: InstructionSet.available)
  func agreementIsTheLargestSum(set: InstructionSet) throws {
    let kernels = try #require(KernelTable(set))
    let picture = pictureWithHole(height: 40, width: 50, rows: 0..<22, columns: 18..<50)
    var level = PatchLevel(picture, kernels: kernels)
    level.scatter(seed: 4)
    level.measure(threads: 1)
    for pass in 0..<3 {
      level.search(pass: pass, radius: 9, anywhere: 1, seed: 2, threads: 1)
    }
    level.agree(sharpness: 0, threads: 2)
    for y in 0..<22 {
      for x in 18..<50 {
        var sums: [(row: Int, column: Int, sum: Int)] = []
        for qy in max(3, y - 3)...min(36, y + 3) {
          for qx in max(3, x - 3)...min(46, x + 3) {
            let source = level.source(row: qy, column: qx)
            let (dy, dx) = (y - qy, x - qx)
            let weight = 32 - dx * dx - dy * dy
            if let known = sums.firstIndex(where: {
              $0.row == source.row + dy && $0.column == source.column + dx
            }) {
              sums[known].sum += weight
            } else {
              sums.append((source.row + dy, source.column + dx, weight))
            }
          }
        }
        let largest = sums.map(\.sum).max()
        let winners = sums.filter { $0.sum == largest }
        let agrees = winners.contains { place in
          (0..<4).allSatisfy {
            level.image.pixels[y, x, $0] == level.image.pixels[place.row, place.column, $0]
          }
        }
        #expect(agrees, "at \(y), \(x)")
      }
    }
  }

  /// A gain raises the texture that is looked for next, and no colour.
  @Test(arguments: [false, true])
  func aGainRaisesTheTextureAlone(votes: Bool) {
    func run(gain: Double, isLimited: Bool = false) -> PatchLevel {
      var level = PatchLevel(
        pictureWithHole(height: 60, width: 70, rows: 20..<40, columns: 20..<50))
      level.scatter(seed: 2)
      level.measure(threads: 1)
      if isLimited { level.limitTexture(threads: 1) }
      if votes {
        level.vote(textureGain: gain, threads: 1)
      } else {
        level.pick(textureGain: gain, threads: 1)
      }
      return level
    }
    let plain = run(gain: 1)
    let raised = run(gain: 1.5)
    let limited = run(gain: 1.5, isLimited: true)
    var surroundings = pictureWithHole(height: 60, width: 70, rows: 20..<40, columns: 20..<50)
    surroundings.fillSmoothly()
    for y in 20..<40 {
      for x in 20..<50 {
        for c in 0..<3 { #expect(raised.image.pixels[y, x, c] == plain.image.pixels[y, x, c]) }
        let texture = (Int(plain.image.pixels[y, x, 3]) * 384 + 128) >> 8
        #expect(Int(raised.image.pixels[y, x, 3]) == min(255, texture))
        let most = max(plain.image.pixels[y, x, 3], surroundings.pixels[y, x, 3])
        #expect(limited.image.pixels[y, x, 3] == min(raised.image.pixels[y, x, 3], most))
      }
    }
  }

  /// What no vote moves is not searched again.
  @Test func settledTargetsAreLeftAlone() {
    var level = PatchLevel(
      pictureWithHole(height: 60, width: 70, rows: 20..<40, columns: 20..<50))
    level.scatter(seed: 2)
    var active = level.targetCount
    for pass in 0..<12 {
      level.measure(threads: 1)
      level.search(pass: pass, radius: 32, anywhere: 2, seed: 1, threads: 1)
      active = level.vote(tolerance: 2, threads: 1)
    }
    #expect(active < level.targetCount)
    let left = level.vote(tolerance: 255, threads: 1)
    #expect(left == 0, "no change is larger than 255")
    let before = level.source(row: 30, column: 30)
    level.search(pass: 0, radius: 32, anywhere: 2, seed: 99, threads: 1)
    let after = level.source(row: 30, column: 30)
    #expect(after.row == before.row && after.column == before.column)
  }

  @Test func searchingNeverMakesASourceWorse() throws {
    var level = PatchLevel(
      pictureWithHole(height: 60, width: 70, rows: 20..<40, columns: 20..<50))
    level.scatter(seed: 2)
    level.measure(threads: 2)
    var last = level.costQuantile(0.5)
    for pass in 0..<4 {
      level.search(pass: pass, radius: 32, anywhere: 1, seed: 1, threads: 2)
      let now = level.costQuantile(0.5)
      #expect(now <= last)
      last = now
    }
  }

  @Test func halvingKeepsTheHoleApart() {
    let picture = pictureWithHole(height: 9, width: 11, rows: 3..<6, columns: 4..<5)
    let strict = picture.halved(needed: 4)
    let loose = picture.halved(needed: 1)
    #expect(strict.height == 5 && strict.width == 6)
    for y in 0..<5 {
      for x in 0..<6 {
        var known = 0
        var sum = 0
        var count = 0
        for dy in 0..<2 {
          for dx in 0..<2 {
            let (py, px) = (min(8, 2 * y + dy), min(10, 2 * x + dx))
            if picture.known[py, px] != 0 {
              known += 1
              sum += Int(picture.pixels[py, px, 2])
            }
            count += 1
          }
        }
        #expect((strict.known[y, x] != 0) == (known == count))
        #expect((loose.known[y, x] != 0) == (known > 0))
        if known > 0 {
          #expect(Int(loose.pixels[y, x, 2]) == (sum + known / 2) / known)
        }
      }
    }
  }

  @Test func smoothFillStaysWithinItsSurroundings() {
    var picture = PartialImage(
      pixels: Tensor(height: 31, width: 40, channels: 4, repeating: 0),
      known: Tensor(height: 30, width: 40, repeating: 255))
    for y in 0..<30 {
      for x in 0..<40 {
        for c in 0..<4 { picture.pixels[y, x, c] = UInt8(100 + 2 * x) }
      }
    }
    for y in 8..<20 {
      for x in 10..<30 {
        picture.known[y, x] = 0
        picture.pixels[y, x, 0] = 0
      }
    }
    picture.fillSmoothly()
    for y in 8..<20 {
      for x in 10..<30 { #expect((116...164).contains(picture.pixels[y, x, 0])) }
    }
    #expect(picture.pixels[12, 12, 0] < picture.pixels[12, 27, 0])
  }
}
