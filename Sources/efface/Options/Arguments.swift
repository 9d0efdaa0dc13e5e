import ArgumentParser
import Editing
import Photos

extension Selection.Point: ExpressibleByArgument {
  /// Reads `120,45`.
  public init?(argument: String) {
    let numbers = wholeNumbers(argument)
    guard let numbers, numbers.count == 2 else { return nil }
    self.init(x: numbers[0], y: numbers[1])
  }
}

/// Positions on one thing.
struct PointGroup: ExpressibleByArgument {
  var points: [Selection.Point]

  /// Reads `120,45` and `120,45+130,90`.
  init?(argument: String) {
    points = []
    for part in argument.split(separator: "+", omittingEmptySubsequences: false) {
      guard let point = Selection.Point(argument: String(part)) else { return nil }
      points.append(point)
    }
  }
}

extension Rectangle: ExpressibleByArgument {
  /// Reads `120,45,200,300`: the upper left corner and the size.
  public init?(argument: String) {
    let numbers = wholeNumbers(argument)
    guard let numbers, numbers.count == 4, numbers[2] > 0, numbers[3] > 0 else { return nil }
    self.init(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
  }
}

extension Shard: ExpressibleByArgument {
  /// Reads `2/5`.
  public init?(argument: String) { self.init(argument) }
}

/// One or more names of objects with commas between them.
struct ObjectNames: ExpressibleByArgument {
  var names: [Selection.ObjectName]

  init?(argument: String) {
    names = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let name = Selection.ObjectName(part.trimming(" ")) else { return nil }
      names.append(name)
    }
    if names.isEmpty { return nil }
  }
}

extension StringProtocol {
  /// Without this character at either end.
  fileprivate func trimming(_ character: Character) -> SubSequence {
    guard let first = firstIndex(where: { $0 != character }),
      let last = lastIndex(where: { $0 != character })
    else { return self[endIndex...] }
    return self[first...last]
  }
}

/// What completes to a photo.
let photoFiles = CompletionKind.file(extensions: ["jpg", "jpeg", "png", "JPG", "JPEG", "PNG"])

/// Numbers with commas between them, none negative.
private func wholeNumbers(_ text: String) -> [Int]? {
  var numbers: [Int] = []
  for part in text.split(separator: ",", omittingEmptySubsequences: false) {
    guard let number = Int(part.trimming(" ")), number >= 0, number <= 1_000_000 else { return nil }
    numbers.append(number)
  }
  return numbers
}
