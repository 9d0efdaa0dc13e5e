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
  /// The longest side of a picture: a source's row and column have 16 bits each.
  public static let longestSide = 65_535
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
  /// What one squared difference of the guide costs, in 64ths; below 4,032.
  public var guideWeight: UInt32 = 0
  /// How much of that counts for the target at a pixel: 255 all of it; all of it everywhere when
  /// `nil`.
  public var trust: Tensor<UInt8>?
  /// See `limitTexture`.
  var textureLimit: Tensor<UInt8>?
  /// How many centres a source may have.
  public let sourceCount: Int
  /// How many patches touch the hole.
  public let targetCount: Int

  /// 255, four bytes a pixel, where targets' pixels count in the comparison; all count when `nil`.
  var counts: Tensor<UInt8>?
  let usable: Tensor<UInt8>
  let wanted: Tensor<UInt8>
  /// The rectangle of the hole and of all targets; the field is of its size.
  public let region: ImageRegion
  var sources: Tensor<UInt32>
  var costs: Tensor<UInt32>
  /// 255 where a target is searched and measured: all, or those that the last vote touched.
  var active: Tensor<UInt8>
  /// See `setFalls`, and the fade that they are of.
  var falls: Tensor<Float>?
  var fallsFade = 1.0
  let kernels: KernelTable

  /// Rows that are updated one after the other; part of the result's definition.
  static let bandHeight = 16

  /// Prepares a scale: the fourth channel is the texture.
  ///
  /// A source holds nothing that is unknown or barred.
  ///
  /// - Precondition: No side is longer than `longestSide`.
  public init(_ image: consuming PartialImage, kernels: KernelTable = .current) {
    let (height, width) = (image.height, image.width)
    precondition(max(height, width) <= Self.longestSide, "a source's place has 16 bits a side")
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
      let isNear = unsafe near.pointer
      var barred: Tensor<UInt8>?
      switch image.barred {
      case .some(let bar): barred = touching(bar, radius: r)
      case .none: break
      }
      let isBarred = unsafe pointer(to: barred)
      let (isWanted, isUsable) = unsafe (wanted.mutablePointer, usable.mutablePointer)
      for y in r..<height - r {
        let columns = y * width + r..<(y + 1) * width - r
        for i in columns {
          unsafe isWanted[i] = isNear[i]
          unsafe isUsable[i] = ~isNear[i]
          targetCount += unsafe Int(isNear[i] & 1)
        }
        if let isBarred = unsafe isBarred {
          for i in columns { unsafe isUsable[i] &= ~isBarred[i] }
        }
        for i in columns { sourceCount += unsafe Int(isUsable[i] & 1) }
      }
      extendLifetime(near)
      extendLifetime(barred)
    }
    // The hole itself belongs to it: at the picture's border no patch has its centre.
    let bounds = targetCount == 0 ? nil : boundingRegion(of: hole)
    region =
      bounds?.grown(by: r, height: height, width: width)
      ?? ImageRegion(rows: 0..<0, columns: 0..<0)
    sources = Tensor(height: region.height, width: region.width, repeating: 0)
    costs = Tensor(height: region.height, width: region.width, repeating: UInt32.max)
    active = Tensor(height: region.height, width: region.width, repeating: 0)
    self.sourceCount = sourceCount
    self.targetCount = targetCount
    self.wanted = wanted
    self.usable = usable
    self.hole = hole
    self.image = image
    activateAll()
  }

  /// Gives every target a random source.
  public mutating func scatter(seed: UInt32) {
    precondition(sourceCount > 0, "there is something to copy from")
    var list: [UInt32] = []
    list.reserveCapacity(sourceCount)
    let usable = unsafe usable.pointer
    for y in 0..<height {
      for x in 0..<width where unsafe usable[y * width + x] != 0 {
        list.append(UInt32(y << 16 | x))
      }
    }
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    let (count, sources) = unsafe (sources.count, sources.mutablePointer)
    for i in 0..<count {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      unsafe sources[i] = list[Int((state >> 32) * UInt64(list.count) >> 32)]
    }
  }

  /// Takes the sources of the picture at half the size, each pixel's place within its pair kept.
  ///
  /// Costs carry over as well: they rank neighbours until they are measured again.
  public mutating func enlarge(_ half: borrowing PatchLevel, threads: Int) {
    let r = Self.radius
    let (region, height, width) = (region, height, width)
    let halfRegion = half.region
    let (halfHeight, halfWidth) = (half.height, half.width)
    nonisolated(unsafe) let (halfSources, halfCosts) =
      unsafe (half.sources.pointer, half.costs.pointer)
    nonisolated(unsafe) let usable = unsafe usable.pointer
    nonisolated(unsafe) let (sources, costs) =
      unsafe (sources.mutablePointer, costs.mutablePointer)
    inRows(region.height, threads: threads) { rows in
      for line in rows {
        let y = region.rows.lowerBound + line
        let qy = max(r, min(halfHeight - 1 - r, y / 2))
        let row = max(0, min(halfRegion.height - 1, qy - halfRegion.rows.lowerBound))
        var to = line * region.width
        for x in region.columns {
          let qx = max(r, min(halfWidth - 1 - r, x / 2))
          let column = max(0, min(halfRegion.width - 1, qx - halfRegion.columns.lowerBound))
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

  mutating func run(
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
    nonisolated(unsafe) let search = unsafe efk_patch_search(
      pixels: image.pixels.pointer, row: width * 4, width: Int32(width), height: Int32(height),
      counts: pointer(to: counts), guide: pointer(to: guide), guide_weight: weight,
      trust: pointer(to: trust), usable: usable.pointer, wanted: wanted.pointer,
      active: active.pointer, field: sources.mutablePointer, cost: costs.mutablePointer,
      field_x: Int32(region.columns.lowerBound), field_y: Int32(region.rows.lowerBound),
      field_width: Int32(fieldWidth), field_height: Int32(region.height),
      direction: Int32(direction), radius: Int32(radius), anywhere: Int32(anywhere), seed: seed)
    nonisolated(unsafe) let before = unsafe edges.pointer
    inBands(bands, threads: threads) { band in
      let rows = band * Self.bandHeight..<min((band + 1) * Self.bandHeight, region.height)
      let outside = direction > 0 ? band == 0 : band == bands - 1
      unsafe withUnsafePointer(to: search) { search in
        unsafe body(table, search, rows, outside ? nil : before + band * fieldWidth)
      }
    }
    extendLifetime(edges)
  }

  /// Makes every target active.
  mutating func activateAll() {
    let (region, width) = (region, width)
    let (wanted, active) = unsafe (wanted.pointer, active.mutablePointer)
    for row in 0..<region.height {
      let from = (region.rows.lowerBound + row) * width + region.columns.lowerBound
      for i in 0..<region.width {
        unsafe active[row * region.width + i] = wanted[from + i]
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
}

/// 255 where a set pixel lies within the square of 2 · radius + 1 around a pixel, 0 elsewhere.
func touching(_ mask: borrowing Tensor<UInt8>, radius: Int) -> Tensor<UInt8> {
  let (height, width) = (mask.height, mask.width)
  var result = Tensor<UInt8>(height: height, width: width, repeating: 0)
  if mask.count == 0 { return result }
  var near = Tensor<UInt8>(uninitializedHeight: height, width: width)
  let reach = min(radius, 19_999)
  let columns = columnDistances(
    to: mask, region: ImageRegion(of: mask), far: reach + 1, kernels: .current)
  unsafe columns.withUnsafeBufferPointer { columns in
    unsafe near.withUnsafeMutableBufferPointer { near in
      let reach = UInt16(reach)
      for i in 0..<near.count { unsafe near[i] = columns[i] <= reach ? 255 : 0 }
    }
  }
  let runs = near.span
  unsafe result.withUnsafeMutableBufferPointer { result in
    for y in 0..<height {
      let (line, end) = (y * width, (y + 1) * width)
      var filled = line
      var first = runs.firstSet(in: line..<end)
      while first < end {
        let last = runs.firstClear(in: first..<end)
        let (from, to) = (max(first - radius, filled), min(last + radius, end))
        if from < to { unsafe result[from..<to].update(repeating: 255) }
        filled = max(filled, to)
        first = runs.firstSet(in: last..<end)
      }
    }
  }
  return result
}

/// A tensor's `pointer`, on its terms, or `nil` where there is no tensor.
@unsafe
func pointer<Element>(to tensor: borrowing Tensor<Element>?) -> UnsafePointer<Element>? {
  switch tensor {
  case .some(let tensor): unsafe tensor.pointer
  case .none: nil
  }
}
