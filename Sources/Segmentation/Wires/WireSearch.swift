import Kernels
import Photos
public import Tensors

/// Finds wires and cables before the sky: long thin lines that hardly bend and have the sky on both sides.
///
/// Where one is clear, fainter and shorter ones count as well; a cloud's rim alone does not. A wire is followed
/// beyond the sky as long as it is seen. Upright lines are left alone, for they are masts, poles and corners as
/// often as wires.
///
/// - Parameters:
///   - pixels: The stored photo, height × width × 3, 0 to 255.
///   - orientation: How it is turned to be upright.
///   - places: Pixels of the stored photo; where none of them is in the sky or near it, nothing is sought. `nil` seeks in
///     any case.
/// - Returns: The wires, the clearest first.
/// - Complexity: O(pixels of the photo), most of it at a long side of 2,048 pixels or less.
public func wires(
  in pixels: borrowing Tensor<UInt8>, orientation: Orientation,
  near places: [(x: Int, y: Int)]? = nil, threads: Int
) -> [Wire] {
  let sky = SkyMap(pixels, orientation: orientation, threads: threads)
  if sky.isEmpty { return [] }
  if let places, !places.contains(where: { sky.isNear(SIMD2(Float($0.x), Float($0.y))) }) {
    return []
  }
  let longer = Double(max(pixels.width, pixels.height))
  // Thin wires, and at half the size thicker ones; who points at a wire may mean a still thicker one.
  let finest = max(1, longer / WireSearch.side)
  var search = WireSearch(sky: sky, orientation: orientation, finest: Float(finest))
  for factor in places == nil ? [1, 2] : [1, 2, 4] as [Double] {
    let scale = factor * finest
    let height = Int(Double(pixels.height) / scale)
    let width = Int(Double(pixels.width) / scale)
    if min(height, width) < 64 { break }
    search.look(
      at: resized(pixels, height: height, width: width, filter: .area, threads: threads),
      scale: Float(scale), threads: threads)
  }
  return search.isSure ? search.wires : []
}

private struct WireSearch {
  /// The long side of the picture in which thin wires are sought.
  static let side = 2048.0

  let sky: SkyMap
  let orientation: Orientation
  /// Photo pixels to a pixel of the picture in which thin wires are sought.
  let finest: Float
  var wires: [Wire] = []
  /// Whether one of them is clear.
  var isSure = false

  /// Adds the wires of a picture that are not known yet.
  ///
  /// - Parameter scale: Photo pixels to one of the picture.
  mutating func look(at picture: borrowing Tensor<UInt8>, scale: Float, threads: Int) {
    let known = Self.map(of: wires, height: picture.height, width: picture.width, scale: scale)
    var tracer = WireTracer(RidgeField(picture, threads: threads))
    let traces = tracer.traces { trace, field in isWire(trace, in: field, scale: scale) }
    for trace in traces {
      let on = trace.points.count { known[$0.pixel.y, $0.pixel.x] != 0 }
      if 2 * on > trace.points.count { continue }
      wires.append(wire(of: trace, in: tracer.field, scale: scale))
      isSure = isSure || isClear(trace, in: tracer.field, scale: scale)
    }
  }

  /// 255 on wires and beside them, in a picture of the photo.
  private static func map(
    of wires: [Wire], height: Int, width: Int, scale: Float
  ) -> Tensor<UInt8> {
    var map = Tensor<UInt8>(height: height, width: width, repeating: 0)
    for wire in wires {
      for point in wire.points {
        let (x, y) = ((point + 0.5) / scale - 0.5).pixel
        for ny in max(0, y - 2)..<max(0, min(height, y + 3)) {
          for nx in max(0, x - 2)..<max(0, min(width, x + 3)) { map[ny, nx] = 255 }
        }
      }
    }
    return map
  }

  private func isWire(
    _ trace: WireTracer.Trace, in field: borrowing RidgeField, scale: Float
  ) -> Bool {
    let points = trace.points
    let longer = Float(max(field.width, field.height))
    let least = max(16, (trace.meetsWire ? Self.leastPiece : Self.leastLength) * longer)
    if Float(points.count) < least { return false }
    // Where it crosses a wire it cannot be seen.
    let leastSeen = trace.meetsWire ? 4 : 8
    if 10 * trace.isSeen.count(where: { $0 }) < leastSeen * points.count { return false }
    let span = points[points.count - 1] - points[0]
    let (across, along) =
      orientation.swapsSides ? (abs(span.y), abs(span.x)) : (abs(span.x), abs(span.y))
    if across < Self.leastSlant * along { return false }
    return bend(of: points) <= Self.mostBend
      && stands(trace, in: field, scale: scale, leastDepth: Self.leastDepth)
  }

  /// Whether a wire cannot be anything else.
  private func isClear(
    _ trace: WireTracer.Trace, in field: borrowing RidgeField, scale: Float
  ) -> Bool {
    let points = trace.points
    if Float(points.count) < Self.clearLength * Float(max(field.width, field.height)) {
      return false
    }
    let clear = points.count { point in
      let (x, y) = point.pixel
      return field.stands(out: 6, atLeast: 1.6, x: x, y: y)
    }
    return 2 * clear >= points.count
      && stands(trace, in: field, scale: scale, leastDepth: Self.clearDepth)
  }

  /// The least length and difference of a clear wire; see `leastLength` and `leastDepth`.
  private static let (clearLength, clearDepth): (Float, Float) = (0.13, 6)
  /// The shortest wire, in parts of the photo's longer side; 16 pixels in any case.
  private static let leastLength: Float = 0.1
  /// The shortest piece of a line that meets a wire.
  private static let leastPiece: Float = 0.025
  /// The least of a wire's width to its height.
  private static let leastSlant: Float = 0.1
  /// See `bend`.
  private static let mostBend: Float = 0.12

  /// How much a line turns from one chord of 16 pixels to the next, as a sine; a tenth of them turn more.
  private func bend(of points: [SIMD2<Float>]) -> Float {
    let chord = 16
    var turns: [Float] = []
    for i in stride(from: chord, to: points.count - chord, by: 4) {
      let a = (points[i] - points[i - chord]).normalized
      let b = (points[i + chord] - points[i]).normalized
      turns.append(abs(a.x * b.y - a.y * b.x))
    }
    turns.sort()
    return turns.isEmpty ? 0 : turns[turns.count * 9 / 10]
  }

  /// Whether a line has the sky on both sides, differs from it, and parts like from like.
  private func stands(
    _ trace: WireTracer.Trace, in field: borrowing RidgeField, scale: Float, leastDepth: Float
  ) -> Bool {
    let points = trace.points
    var (count, inSky, alike) = (0, 0, 0)
    var (depths, farDepths): ([Float], [Float]) = ([], [])
    for i in stride(from: 2, to: points.count - 2, by: 3) where trace.isSeen[i] {
      let along = (points[i + 2] - points[i - 2]).normalized
      let across = SIMD2(-along.y, along.x)
      let left = field.level(at: points[i] - 4 * across)
      let right = field.level(at: points[i] + 4 * across)
      let depth = (left + right) / 2 - field.level(at: points[i])
      count += 1
      let far = field.level(at: points[i] - 8 * across) + field.level(at: points[i] + 8 * across)
      let sign: Float = trace.isDark ? 1 : -1
      depths.append(sign * depth)
      farDepths.append(sign * (far / 2 - field.level(at: points[i])))
      if abs(left - right) < 0.6 * abs(depth) + 1 { alike += 1 }
      let aside = max(4 * scale, 1.5 * sky.scale)
      let place = points[i] * scale
      if sky.contains(place - aside * across) && sky.contains(place + aside * across) { inSky += 1 }
    }
    if count == 0 || 10 * inSky < 6 * count { return false }
    depths.sort()
    farDepths.sort()
    // Where it meets a wire, that lies beside it; between two dark ones the sky is a bright line.
    let isApart =
      10 * alike >= 7 * count && farDepths[count / 2] <= Self.mostSoftness * depths[count / 2]
    if !isApart && !(trace.meetsWire && trace.isDark) { return false }
    let isThick = scale > 1.5 * finest
    return depths[count / 2] >= (isThick ? 3 : 1) * leastDepth
  }

  /// How much more the sky differs from a wire eight pixels from its middle than four: from a cloud or a wave
  /// it differs the more, the farther away.
  private static let mostSoftness: Float = 1.25
  /// How much a thin wire differs from the sky, in levels; a thick one, which a cloud's edge resembles, three
  /// times as much.
  private static let leastDepth: Float = 4

  /// A trace in pixels of the photo, with its width, without the gaps in which nothing was seen.
  private func wire(
    of trace: WireTracer.Trace, in field: borrowing RidgeField, scale: Float
  ) -> Wire {
    let widths = halfWidths(of: trace, in: field)
    var (points, radii): ([SIMD2<Float>], [Float]) = ([], [])
    let steps = Int((2 * scale).rounded(.up))
    var unseen = 0
    for i in 0..<trace.points.count - 1 {
      unseen = trace.isSeen[i] ? 0 : unseen + 1
      if unseen > 0 {
        let next = trace.isSeen[i...].firstIndex(of: true) ?? trace.points.count
        if unseen + next - i > Self.shortGap { continue }
      }
      for step in 0..<steps {
        let part = Float(step) / Float(steps)
        let point = trace.points[i] + part * (trace.points[i + 1] - trace.points[i])
        points.append((point + 0.5) * scale - 0.5)
        radii.append((widths[i] + 0.5) * scale + 0.5)
      }
    }
    return Wire(points: points, radii: radii)
  }

  /// Gaps up to so many pixels go with the wire: it is there, but hard to see.
  private static let shortGap = 10

  /// Half of a line's width, along it, in pixels of the picture: to where a quarter of its depth is left.
  private func halfWidths(
    of trace: WireTracer.Trace, in field: borrowing RidgeField
  ) -> [Float] {
    let (section, reach) = (24, 12)
    let points = trace.points
    var widths: [Float?] = []
    for first in stride(from: 0, to: points.count, by: section) {
      // The mean profile across the line at half pixels.
      var profile = [Float](repeating: 0, count: 2 * reach + 1)
      for i in first..<first + section where (2..<points.count - 2).contains(i) {
        let along = (points[i + 2] - points[i - 2]).normalized
        let across = SIMD2(-along.y, along.x)
        for k in profile.indices {
          profile[k] += field.level(at: points[i] + Float(k - reach) / 2 * across)
        }
      }
      let base = (profile[0] + profile[1] + profile[2 * reach] + profile[2 * reach - 1]) / 4
      let depth = base - profile[reach]
      // Beside another wire nothing can be measured.
      if (depth > 0) != trace.isDark {
        widths.append(nil)
        continue
      }
      var end = 1
      while end < reach - 2
        && max((base - profile[reach - end]) / depth, (base - profile[reach + end]) / depth) > 0.25
      {
        end += 1
      }
      widths.append(Float(end) / 2)
    }
    let measured = widths.compactMap { $0 }.sorted()
    if measured.isEmpty { return points.map { _ in 1 } }
    let usual = measured[trace.meetsWire ? measured.count / 4 : measured.count / 2]
    // Where something crosses the line it looks wide, and where it gleams, narrow: a wire is neither.
    let smooth = widths.indices.map { index in
      let near = widths[max(0, index - 2)...min(widths.count - 1, index + 2)].compactMap { $0 }
      return near.isEmpty ? usual : near.sorted()[near.count / 2]
    }
    return points.indices.map { max(0.8 * usual, min(smooth[$0 / section], 1.5 * usual)) }
  }
}

extension RidgeField {
  /// The brightness between pixels, 0 to 255.
  fileprivate func level(at place: SIMD2<Float>) -> Float {
    let x = max(0, min(Float(width - 1) - 0.001, place.x))
    let y = max(0, min(Float(height - 1) - 0.001, place.y))
    let (left, top) = (Int(x), Int(y))
    let (partX, partY) = (x - Float(left), y - Float(top))
    func value(_ row: Int, _ column: Int) -> Float { Float(brightness[row, column]) }
    let above = value(top, left) * (1 - partX) + value(top, left + 1) * partX
    let below = value(top + 1, left) * (1 - partX) + value(top + 1, left + 1) * partX
    return above * (1 - partY) + below * partY
  }
}
