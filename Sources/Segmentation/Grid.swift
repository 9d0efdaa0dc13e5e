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
    var rows = [Bool](repeating: false, count: marked.count)
    for line in stride(from: 0, to: marked.count, by: width) {
      // Up to where a place is marked by one before it, and which is the last one to mark a place after it.
      var (end, last) = (line, line - reach - 1)
      for place in line..<line + width {
        if marked[place] {
          for x in max(line, place - reach, last + 1)..<place { rows[x] = true }
          (end, last) = (place + reach + 1, place)
        }
        if place < end { rows[place] = true }
      }
    }
    var result = rows
    var counts = [Int](repeating: 0, count: width)
    for y in -reach..<height {
      if y + reach < height {
        for x in 0..<width where rows[(y + reach) * width + x] { counts[x] += 1 }
      }
      if y > reach {
        for x in 0..<width where rows[(y - reach - 1) * width + x] { counts[x] -= 1 }
      }
      if y >= 0 {
        for x in 0..<width { result[y * width + x] = counts[x] > 0 }
      }
    }
    return result
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
    return sums(of: own, reach: reach).map { sum in
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
    sums(of: values.map { SIMD4($0, 0, 0, 0) }, reach: reach).map { $0.x }
  }

  /// Sums over squares of 2 · `reach` + 1 places a side, cut off at the picture's border.
  func sums(of values: [SIMD4<Float>], reach: Int) -> [SIMD4<Float>] {
    var rows = values
    for line in stride(from: 0, to: height * width, by: width) {
      var sum = values[line..<line + min(reach, width)].reduce(.zero, +)
      for x in 0..<width {
        if x + reach < width { sum += values[line + x + reach] }
        if x > reach { sum -= values[line + x - reach - 1] }
        rows[line + x] = sum
      }
    }
    var result = rows
    var sums = [SIMD4<Float>](repeating: .zero, count: width)
    for y in -reach..<height {
      if y + reach < height {
        for x in 0..<width { sums[x] += rows[(y + reach) * width + x] }
      }
      if y > reach {
        for x in 0..<width { sums[x] -= rows[(y - reach - 1) * width + x] }
      }
      if y >= 0 {
        for x in 0..<width { result[y * width + x] = sums[x] }
      }
    }
    return result
  }
}
