import Tensors
import Testing

@testable import Kernels

/// The same picture on every run.
func noise(
  height: Int, width: Int, channels: Int, seed: UInt64 = 1
) -> Tensor<UInt8> {
  var state = seed
  var image = Tensor<UInt8>(height: height, width: width, channels: channels, repeating: 0)
  for row in 0..<height {
    for column in 0..<width {
      for channel in 0..<channels {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        image[row, column, channel] = UInt8(truncatingIfNeeded: state >> 56)
      }
    }
  }
  return image
}

func bytes<Element>(_ image: borrowing Tensor<Element>) -> [Element] {
  unsafe image.withUnsafeBufferPointer { unsafe Array($0) }
}

/// A few set pixels.
func dots(height: Int, width: Int, oneIn: Int, seed: UInt64 = 7) -> Tensor<UInt8> {
  let random = noise(height: height, width: width, channels: 2, seed: seed)
  var mask = Tensor<UInt8>(height: height, width: width, repeating: 0)
  for row in 0..<height {
    for column in 0..<width
    where (Int(random[row, column, 0]) * 256 + Int(random[row, column, 1])) % oneIn == 0 {
      mask[row, column] = 255
    }
  }
  return mask
}

@Suite struct ImageResizeTests {
  /// The definition: rows, then columns, in the kernels' own steps of rounding.
  func reference(
    _ image: borrowing Tensor<UInt8>, height: Int, width: Int, filter: ResizeFilter
  ) -> [UInt8] {
    let vertical = ResizeTaps(from: image.height, to: height, filter: filter)
    let horizontal = ResizeTaps(from: image.width, to: width, filter: filter)
    var result: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        for channel in 0..<image.channels {
          var sum = 1 << 19
          for k in 0..<horizontal.count {
            let x = Int(horizontal.first[column]) + k
            var inner = 128
            for j in 0..<vertical.count {
              inner +=
                Int(vertical.weights[row * vertical.count + j])
                * Int(image[Int(vertical.first[row]) + j, x, channel])
            }
            sum += Int(horizontal.weights[column * horizontal.count + k]) * (inner >> 8)
          }
          result.append(UInt8(clamping: sum >> 20))
        }
      }
    }
    return result
  }

  @Test(arguments: InstructionSet.available, ResizeFilter.allCases)
  func isTheReferenceOnEveryInstructionSet(set: InstructionSet, filter: ResizeFilter) throws {
    let kernels = try #require(KernelTable(set))
    for (from, to) in [
      ((1, 1), (1, 1)), ((1, 1), (5, 3)), ((7, 5), (1, 1)), ((33, 65), (16, 17)),
      ((16, 15), (31, 64)), ((40, 3), (7, 130)),
    ] {
      for channels in [1, 3, 4] {
        let image = noise(height: from.0, width: from.1, channels: channels)
        let expected = reference(image, height: to.0, width: to.1, filter: filter)
        for threads in [1, 3] {
          let result = resized(
            image, height: to.0, width: to.1, filter: filter, threads: threads, kernels: kernels)
          #expect(bytes(result) == expected, "\(from) to \(to), \(channels) channels")
        }
      }
    }
  }

  @Test func areaIsTheMeanOfWholeBlocks() {
    let image = noise(height: 8, width: 12, channels: 1)
    let result = resized(image, height: 4, width: 4)
    for row in 0..<4 {
      for column in 0..<4 {
        var sum = 0
        for y in 0..<2 { for x in 0..<3 { sum += Int(image[2 * row + y, 3 * column + x]) } }
        #expect(abs(Double(result[row, column]) - Double(sum) / 6) <= 0.6)
      }
    }
  }

  @Test(arguments: ResizeFilter.allCases)
  func keepsAnEvenColour(filter: ResizeFilter) {
    for value: UInt8 in [0, 1, 127, 255] {
      let image = Tensor<UInt8>(height: 37, width: 21, channels: 3, repeating: value)
      let result = resized(image, height: 10, width: 50, filter: filter)
      #expect(bytes(result).allSatisfy { $0 == value })
    }
  }

  @Test func readsOnlyTheRegion() {
    let image = noise(height: 20, width: 30, channels: 3)
    var part = Tensor<UInt8>(height: 7, width: 9, channels: 3, repeating: 0)
    for row in 0..<7 {
      for column in 0..<9 {
        for c in 0..<3 { part[row, column, c] = image[row + 5, column + 11, c] }
      }
    }
    let region = ImageRegion(rows: 5..<12, columns: 11..<20)
    #expect(
      bytes(resized(image, region: region, height: 3, width: 4, filter: .bilinear))
        == bytes(resized(part, height: 3, width: 4, filter: .bilinear)))
  }
}

@Suite struct ImageDistanceTests {
  @Test(arguments: InstructionSet.available)
  func isTheDistanceToTheNearestSetPixel(set: InstructionSet) throws {
    let kernels = try #require(KernelTable(set))
    for (height, width, rarity) in [(1, 1, 1), (1, 40, 9), (33, 1, 9), (23, 41, 60), (40, 40, 900)]
    {
      var mask = dots(height: height, width: width, oneIn: rarity)
      mask[height / 2, width / 3] = 200
      let result = squaredDistances(toSet: mask, kernels: kernels)
      let radius = 5.5
      let grown = dilated(mask, radius: radius, kernels: kernels)
      for row in 0..<height {
        for column in 0..<width {
          var nearest = Int.max
          for y in 0..<height {
            for x in 0..<width where mask[y, x] > 0 {
              nearest = min(nearest, (y - row) * (y - row) + (x - column) * (x - column))
            }
          }
          #expect(Int(result[row, column]) == nearest, "\(height)x\(width) at \(row), \(column)")
          #expect((grown[row, column] == 255) == (Double(nearest) <= radius * radius))
        }
      }
    }
  }

  @Test(arguments: InstructionSet.available) func derivativesAreThoseOfAParabola(
    set: InstructionSet
  )
    throws
  {
    let kernels = try #require(KernelTable(set))
    let scalar = try #require(KernelTable(.scalar))
    for (height, width) in [(1, 1), (3, 5), (40, 33), (20, 300)] {
      let image = noise(height: height, width: width, channels: 1)
      let some = RidgeDerivatives(of: image, threads: 2, kernels: kernels)
      let same = RidgeDerivatives(of: image, threads: 1, kernels: scalar)
      let (values, others) = (some.values.span, same.values.span)
      #expect(values.indices.allSatisfy { values[$0] == others[$0] })
      #expect(bytes(some.strengths) == bytes(same.strengths))
    }
    // Brightness x² + x y - y² + 3 x around the middle, and what becomes of it under a Gaussian.
    let side = 17
    var parabola = Tensor<UInt8>(height: side, width: side, repeating: 0)
    for row in 0..<side {
      for column in 0..<side {
        let (x, y) = (column - 8, row - 8)
        parabola[row, column] = UInt8(clamping: 120 + x * x + x * y - y * y + 3 * x)
      }
    }
    let result = RidgeDerivatives(of: parabola, threads: 1, kernels: kernels)
    for (plane, expected) in [2, 1, -2, 3, 0].enumerated() {
      let value = Double(result.values[plane * side + 8, 8]) / 64
      #expect(abs(value - Double(expected)) < 0.05, "\(plane)")
    }
    // The larger eigenvalue of (2, 1; 1, -2) is the root of 5.
    #expect(abs(Double(result.strengths[8, 8]) / 16 - 2.236) < 0.1)
  }

  @Test(arguments: InstructionSet.available) func distancesEndWhereAsked(set: InstructionSet) throws
  {
    let kernels = try #require(KernelTable(set))
    // Around the limit between the two ways along a row, and around a vector's width.
    for (far, width) in [(1, 40), (2, 129), (23, 300), (64, 200), (65, 200), (64, 1)] {
      let height = 24
      var mask = dots(height: height, width: width, oneIn: 900)
      mask[height / 2, width / 3] = 255
      for column in 0..<width / 8 { for row in 0..<3 { mask[row, column] = 255 } }
      let result = squaredDistances(toSet: mask, far: far, kernels: kernels)
      let radius = Double(far) - 0.5
      let grown = dilated(mask, radius: radius, kernels: kernels)
      var sites: [(Int, Int)] = []
      for y in 0..<height { for x in 0..<width where mask[y, x] > 0 { sites.append((y, x)) } }
      for row in 0..<height {
        for column in 0..<width {
          let nearest = sites.reduce(far * far) {
            let (dy, dx) = ($1.0 - row, $1.1 - column)
            return min($0, dy * dy + dx * dx)
          }
          #expect(Int(result[row, column]) == nearest, "\(far), \(width) at \(row), \(column)")
          #expect((grown[row, column] == 255) == (Double(nearest) <= radius * radius))
        }
      }
    }
  }

  @Test func seesNothingOutsideTheRegion() {
    var mask = Tensor<UInt8>(height: 20, width: 20, repeating: 0)
    mask[3, 4] = 255
    mask[15, 15] = 1
    #expect(boundingRegion(of: mask) == ImageRegion(rows: 3..<16, columns: 4..<16))
    let region = ImageRegion(rows: 10..<20, columns: 0..<20)
    let grown = dilated(mask, radius: 0, region: region)
    #expect(bytes(grown).filter { $0 == 255 }.count == 1)
    #expect(grown[5, 15] == 255)
    let beside = ImageRegion(rows: 10..<20, columns: 0..<15)
    let none = dilated(mask, radius: 100, region: beside)
    #expect(bytes(none).allSatisfy { $0 == 0 })
  }
}

@Suite struct ImageThreadTests {
  /// Bands of rows and strips of columns that do not divide the picture evenly.
  @Test(arguments: [(130, 77), (1, 65), (65, 1), (40, 300)], [2, 3, 5])
  func threadsChangeNothing(size: (height: Int, width: Int), threads: Int) {
    let mask = dots(height: size.height, width: size.width, oneIn: 300)
    #expect(
      bytes(squaredDistances(toSet: mask, threads: threads)) == bytes(squaredDistances(toSet: mask))
    )
    let image = noise(height: size.height, width: size.width, channels: 3)
    #expect(
      bytes(boxBlurred(image, radius: 4, threads: threads)) == bytes(boxBlurred(image, radius: 4)))
    #expect(
      bytes(gaussianBlurred(image, sigma: 6, threads: threads))
        == bytes(gaussianBlurred(image, sigma: 6)))
  }
}

@Suite struct ImageBlurTests {
  @Test func aBlurHasALimit() {
    let image = noise(height: 4, width: 9, channels: 1)
    #expect(
      bytes(gaussianBlurred(image, sigma: 1e6)) == bytes(gaussianBlurred(image, sigma: 3_900)))
  }

  @Test(arguments: InstructionSet.available)
  func isTheMeanOfTheBox(set: InstructionSet) throws {
    let kernels = try #require(KernelTable(set))
    for (height, width, channels, radius) in [
      (1, 1, 1, 3), (9, 14, 3, 1), (20, 33, 1, 4), (6, 5, 4, 9),
    ] {
      let image = noise(height: height, width: width, channels: channels)
      let result = boxBlurred(image, radius: radius, kernels: kernels)
      #expect(
        bytes(result) == bytes(boxBlurred(image, radius: radius, kernels: KernelTable.current)))
      for row in 0..<height {
        for column in 0..<width {
          for c in 0..<channels {
            var sum = 0
            for y in -radius...radius {
              for x in -radius...radius {
                sum += Int(
                  image[
                    max(0, min(height - 1, row + y)), max(0, min(width - 1, column + x)), c])
              }
            }
            let side = Double(2 * radius + 1)
            #expect(abs(Double(result[row, column, c]) - Double(sum) / side / side) <= 1.01)
          }
        }
      }
    }
  }

  @Test(arguments: [0.4, 1.0, 2.0, 7.5]) func hasTheVarianceAskedFor(sigma: Double) {
    let variance = boxRadii(sigma: sigma)
      .map { Double((2 * $0 + 1) * (2 * $0 + 1) - 1) / 12 }.reduce(0, +)
    #expect(abs(variance.squareRoot() - sigma) < 0.45)
  }
}
