import Photos

/// The shape of a small picture kept row after row, and what is asked of neighbours in it.
struct Grid {
  let height: Int
  let width: Int

  /// The smallest box around the marked places; `nil` where there are none.
  func box(of marked: [Bool]) -> Rectangle? {
    var (left, top, right, bottom) = (width, height, -1, -1)
    for index in marked.indices where marked[index] {
      let (y, x) = (index / width, index % width)
      (left, right) = (min(left, x), max(right, x))
      (top, bottom) = (min(top, y), max(bottom, y))
    }
    if right < 0 { return nil }
    return Rectangle(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }

  /// Places within `reach` rows and columns of a marked one.
  func dilated(_ marked: [Bool], by reach: Int) -> [Bool] {
    var result = marked
    for y in 0..<height { spread(&result, from: y * width, step: 1, count: width, reach: reach) }
    for x in 0..<width { spread(&result, from: x, step: width, count: height, reach: reach) }
    return result
  }

  /// Marks what lies within `reach` of a marked place along a line.
  private func spread(
    _ marked: inout [Bool], from first: Int, step: Int, count: Int, reach: Int
  ) {
    let line = (0..<count).map { marked[first + $0 * step] }
    var (before, after) = (-reach - 1, count + reach)
    for place in 0..<count {
      if line[place] { before = place }
      if place - before <= reach { marked[first + place * step] = true }
    }
    for place in (0..<count).reversed() {
      if line[place] { after = place }
      if after - place <= reach { marked[first + place * step] = true }
    }
  }

  /// For every place the mean of the marked values within `reach` rows and columns; 0 without any.
  func means(of values: [Float], where marked: [Bool], reach: Int) -> [Float] {
    means(of: values.map { SIMD3(repeating: $0) }, where: marked, reach: reach).map { $0.x }
  }

  /// For every place the mean of the marked values within `reach` rows and columns; 0 without any.
  func means(of values: [SIMD3<Float>], where marked: [Bool], reach: Int) -> [SIMD3<Float>] {
    let own = values.indices.map { index -> SIMD4<Float> in
      marked[index] ? SIMD4(values[index], 1) : .zero
    }
    return boxSums(of: own, reach: reach).map { sum in
      let share = 1 / max(sum.w, 1)
      return SIMD3(sum.x, sum.y, sum.z) * share
    }
  }

  /// Places that are reached from `seeds` over edges through places that are open.
  func flooded(from seeds: [Int], open: (Int) -> Bool) -> [Bool] {
    var reached = [Bool](repeating: false, count: height * width)
    var waiting: [Int] = []
    func visit(_ index: Int) {
      if !reached[index] && open(index) {
        reached[index] = true
        waiting.append(index)
      }
    }
    for seed in seeds { visit(seed) }
    while let index = waiting.popLast() {
      if index % width > 0 { visit(index - 1) }
      if index % width < width - 1 { visit(index + 1) }
      if index >= width { visit(index - width) }
      if index < (height - 1) * width { visit(index + width) }
    }
    return reached
  }

  /// Sums over squares of 2 · `reach` + 1 places a side, cut off at the picture's border.
  func sums(of values: [Float], reach: Int) -> [Float] {
    boxSums(of: values.map { SIMD4($0, 0, 0, 0) }, reach: reach).map { $0.x }
  }

  /// Sums over squares of 2 · `reach` + 1 places a side, cut off at the picture's border.
  private func boxSums(of values: [SIMD4<Float>], reach: Int) -> [SIMD4<Float>] {
    var rows = values
    for y in 0..<height {
      let line = y * width
      for x in 0..<width {
        var sum = SIMD4<Float>.zero
        for other in max(0, x - reach)...min(width - 1, x + reach) {
          sum += values[line + other]
        }
        rows[line + x] = sum
      }
    }
    var result = rows
    for y in 0..<height {
      for x in 0..<width {
        var sum = SIMD4<Float>.zero
        for other in max(0, y - reach)...min(height - 1, y + reach) {
          sum += rows[other * width + x]
        }
        result[y * width + x] = sum
      }
    }
    return result
  }
}
